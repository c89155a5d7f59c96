//! Terms reduced by substituting terms in terms, with superpositions and duplications: slow, and too simple to be wrong.
//!
//! Variables are counted from the binder that is nearest (de Bruijn), and the outermost, leftmost application comes first. Nothing is
//! shared: what a duplication copies is written out for each copy, as one side of the term ([`T::Side`]), which moves into the
//! term as a duplicator does. A function that is copied has a variable for each copy; the one of the other copy is
//! [`T::Other`], and a term that asks for it is beyond this oracle. So are terms in which labels are mixed up.

use ffcm::{
    lazy::Reading,
    term::{Item, Operation, Shape, Terms},
};
use std::collections::{BTreeMap, VecDeque};

/// Most steps and pieces that are copied; what takes more is not checked.
const WORK_MAX: u32 = 400_000;
/// The first label of what has none.
const OWN_LABELS: u32 = 1 << 20;

#[derive(Debug, Clone)]
enum T {
    Var(usize),
    /// The variable of another copy of the function.
    Other,
    Ref(u32),
    Nul,
    Num(u32),
    Chr(char),
    Lam(Box<T>),
    App(Box<T>, Box<T>),
    Op(Operation, Box<T>, Box<T>),
    Ctr(u32, Vec<T>),
    Match(u32, Box<T>, Vec<T>),
    Sup(u32, Box<T>, Box<T>),
    /// The label, what is copied, and a body with two variables, the second copy nearest.
    Dup(u32, Box<T>, Box<T>),
    /// What a duplication with this label makes of the term: for its second copy, if so.
    Side(u32, bool, Box<T>),
    /// What is read of the term where this side of superpositions with this label was chosen.
    Chosen(u32, bool, Box<T>),
}

/// Why there is no normal form.
enum Stop {
    /// It takes too many steps, or asks for what is beyond this oracle.
    Beyond,
    /// A choice is to be made for this label.
    Choice(u32),
    /// It holds nothing somewhere.
    Nothing,
}

/// What is read of `main`, as it is printed: so many results at most. `None` if this oracle cannot say.
pub(crate) fn results(book: &Terms, reading: Reading, most: usize) -> Option<Vec<String>> {
    // Terms are deep, and this recurses.
    let room = std::thread::Builder::new().stack_size(1 << 29);
    std::thread::scope(|scope| {
        let thread = room.spawn_scoped(scope, || {
            Oracle { book, work: 0, labels: BTreeMap::new() }.results(reading, most).ok()
        });
        thread.expect("a thread").join().expect("it does not panic")
    })
}

struct Oracle<'b> {
    book: &'b Terms,
    work: u32,
    /// The labels of what has none, by definition and item.
    labels: BTreeMap<(u32, usize), u32>,
}

impl Oracle<'_> {
    fn results(&mut self, reading: Reading, most: usize) -> Result<Vec<String>, Stop> {
        let main = T::Ref(self.book.main());
        let mut results = Vec::new();
        if reading == Reading::Normal {
            let term = self.normal(main, false)?;
            results.push(self.printed(&term)?);
            return Ok(results);
        }
        let mut open = VecDeque::from([main]);
        while results.len() < most
            && let Some(term) = open.pop_front()
        {
            match self.normal(term.clone(), true) {
                Ok(term) => results.push(self.printed(&term)?),
                Err(Stop::Choice(label)) => {
                    let [first, second] =
                        [false, true].map(|side| T::Chosen(label, side, term.clone().into()));
                    match reading {
                        Reading::BreadthFirst => open.extend([first, second]),
                        _ => [second, first].into_iter().for_each(|term| open.push_front(term)),
                    }
                }
                Err(Stop::Nothing) => {}
                Err(beyond) => return Err(beyond),
            }
        }
        Ok(results)
    }

    /// The definition's term.
    fn definition(&mut self, def: u32) -> T {
        let book = self.book;
        self.read(
            def,
            &mut book.defs()[def as usize].term.items().iter().copied().enumerate(),
            &mut Vec::new(),
        )
    }

    /// The term that begins with the next item.
    fn read(&mut self, def: u32, items: &mut impl Iterator<Item = (usize, Item)>, scope: &mut Vec<u32>) -> T {
        let (at, item) = items.next().expect("an item");
        let next = self.labels.len() as u32;
        match item {
            Item::Var(binder) => {
                T::Var(scope.iter().rev().position(|bound| *bound == binder).expect("bound"))
            }
            Item::Ref(def) => T::Ref(def),
            Item::Nul => T::Nul,
            Item::Num(number) => T::Num(number),
            Item::Chr(c) => T::Chr(c),
            Item::Lam(binder) => {
                scope.push(binder);
                let body = self.read(def, items, scope);
                scope.pop();
                T::Lam(body.into())
            }
            Item::App(arguments) => {
                let function = self.read(def, items, scope);
                (0..arguments).fold(function, |function, _| {
                    T::App(function.into(), self.read(def, items, scope).into())
                })
            }
            Item::Let(binder) => {
                let value = self.read(def, items, scope);
                scope.push(binder);
                let body = self.read(def, items, scope);
                scope.pop();
                T::App(T::Lam(body.into()).into(), value.into())
            }
            Item::Sup(label) => {
                let own = || *self.labels.entry((def, at)).or_insert(OWN_LABELS + next);
                let label = label.unwrap_or_else(own);
                let first = self.read(def, items, scope);
                T::Sup(label, first.into(), self.read(def, items, scope).into())
            }
            Item::Dup(label, first, second) => {
                let own = || *self.labels.entry((def, at)).or_insert(OWN_LABELS + next);
                let label = label.unwrap_or_else(own);
                let value = self.read(def, items, scope);
                scope.extend([first, second]);
                let body = self.read(def, items, scope);
                scope.truncate(scope.len() - 2);
                T::Dup(label, value.into(), body.into())
            }
            Item::Op(operation) => {
                let first = self.read(def, items, scope);
                T::Op(operation, first.into(), self.read(def, items, scope).into())
            }
            Item::Ctr(number, fields) => {
                T::Ctr(number, (0..fields).map(|_| self.read(def, items, scope)).collect())
            }
            Item::Match(shape, moves) => {
                let scrutinee = self.read(def, items, scope);
                let moved: Vec<T> = (0..moves)
                    .map(|_| {
                        items.next();
                        self.read(def, items, scope)
                    })
                    .collect();
                let arms = self.book.shapes()[shape as usize].arms();
                let arms = (0..arms).map(|_| self.read(def, items, scope)).collect();
                moved.into_iter().fold(T::Match(shape, scrutinee.into(), arms), |term, moved| {
                    T::App(term.into(), moved.into())
                })
            }
            Item::Move(_) => panic!("a match takes its moves"),
        }
    }

    fn work(&mut self, more: u32) -> Result<(), Stop> {
        self.work += more;
        if self.work > WORK_MAX { Err(Stop::Beyond) } else { Ok(()) }
    }

    /// Puts a value in the place of the nearest variable.
    fn put(&mut self, term: T, value: &T) -> Result<T, Stop> {
        let mut count = 0;
        let put = map(term, 0, &mut count, &|index, depth| match index {
            index if index == depth => shift(value.clone(), depth),
            index if index > depth => T::Var(index - 1),
            index => T::Var(index),
        });
        self.work(count)?;
        Ok(put)
    }

    /// Reduces a term until it says what it is: a function, a number, a superposition, or something that waits for a variable.
    fn head(&mut self, mut term: T) -> Result<T, Stop> {
        loop {
            self.work(1)?;
            term = match term {
                T::Ref(def) => self.definition(def),
                T::Dup(label, value, body) => {
                    let [first, second] = [false, true].map(|side| T::Side(label, side, value.clone()));
                    let body = self.put(*body, &shift(second, 1))?;
                    self.put(body, &first)?
                }
                T::App(function, argument) => match self.head(*function)? {
                    T::Lam(body) => self.put(*body, &argument)?,
                    T::Sup(label, first, second) => {
                        let [a, b] = sides(label, &argument);
                        return Ok(T::Sup(label, T::App(first, a).into(), T::App(second, b).into()));
                    }
                    function if is_stuck(&function) => return Ok(T::App(function.into(), argument)),
                    _ => return Ok(T::Nul),
                },
                T::Op(operation, first, second) => return self.operation(operation, *first, second),
                T::Match(shape, scrutinee, arms) => match self.head(*scrutinee)? {
                    T::Sup(label, first, second) => {
                        let [a, b] = [false, true].map(|side| {
                            arms.iter().map(|arm| T::Side(label, side, arm.clone().into())).collect()
                        });
                        let [first, second] =
                            [(first, a), (second, b)].map(|(term, arms)| T::Match(shape, term, arms).into());
                        return Ok(T::Sup(label, first, second));
                    }
                    stuck if is_stuck(&stuck) => return Ok(T::Match(shape, stuck.into(), arms)),
                    found => match self.arm(shape, found, arms) {
                        Some(chosen) => chosen,
                        None => return Ok(T::Nul),
                    },
                },
                T::Side(label, side, term) => match self.head(*term)? {
                    T::Sup(other, first, second) if other == label => *if side { second } else { first },
                    T::Lam(body) => {
                        // Each copy of the function binds one half of its variable.
                        let mut count = 0;
                        let body = map(*body, 0, &mut count, &|index, depth| {
                            let (mine, other) = (T::Var(index), T::Other);
                            match (index == depth, side) {
                                (false, _) => mine,
                                (true, false) => T::Sup(label, mine.into(), other.into()),
                                (true, true) => T::Sup(label, other.into(), mine.into()),
                            }
                        });
                        self.work(count)?;
                        return Ok(T::Lam(T::Side(label, side, body.into()).into()));
                    }
                    term => return Ok(below(term, &|term| T::Side(label, side, term.into()))),
                },
                T::Chosen(label, side, term) => match self.head(*term)? {
                    T::Sup(other, first, second) if other == label => *if side { second } else { first },
                    T::Lam(body) => return Ok(T::Lam(T::Chosen(label, side, body).into())),
                    term => return Ok(below(term, &|term| T::Chosen(label, side, term.into()))),
                },
                T::Other => return Err(Stop::Beyond),
                term => return Ok(term),
            };
        }
    }

    fn operation(&mut self, operation: Operation, first: T, second: Box<T>) -> Result<T, Stop> {
        let op = |first, second| T::Op(operation, first, second).into();
        let first = self.head(first)?;
        let x = match first {
            T::Num(number) => number,
            T::Chr(c) => c.into(),
            T::Sup(label, a, b) => {
                let [c, d] = sides(label, &second);
                return Ok(T::Sup(label, op(a, c), op(b, d)));
            }
            stuck if is_stuck(&stuck) => return Ok(T::Op(operation, stuck.into(), second)),
            _ => return Ok(T::Nul),
        };
        let y = match self.head(*second)? {
            T::Num(number) => number,
            T::Chr(c) => c.into(),
            T::Sup(label, a, b) => {
                return Ok(T::Sup(label, op(first.clone().into(), a), op(first.into(), b)));
            }
            stuck if is_stuck(&stuck) => return Ok(T::Op(operation, first.into(), stuck.into())),
            _ => return Ok(T::Nul),
        };
        // A division by zero has no result, and gives 0.
        Ok(T::Num(operation.apply(x, y).unwrap_or(0)))
    }

    /// The arm for this constructor or number, applied; `None` if there is none.
    fn arm(&self, shape: u32, found: T, mut arms: Vec<T>) -> Option<T> {
        let number = match found {
            T::Num(number) => Some(number),
            T::Chr(c) => Some(c.into()),
            _ => None,
        };
        let (arm, arguments) = match (&self.book.shapes()[shape as usize], found) {
            (Shape::Constructors { known, others }, T::Ctr(constructor, fields)) => {
                match known.iter().position(|known| *known == constructor) {
                    Some(arm) => (arm, fields),
                    None if *others => (known.len(), vec![T::Ctr(constructor, fields)]),
                    None => return None,
                }
            }
            (Shape::Numbers { known, others }, _) => match number?.checked_sub(*known) {
                None => (number? as usize, Vec::new()),
                Some(rest) if *others => (*known as usize, vec![T::Num(rest)]),
                Some(_) => return None,
            },
            _ => return None,
        };
        let arm = arms.swap_remove(arm);
        Some(arguments.into_iter().fold(arm, |arm, argument| T::App(arm.into(), argument.into())))
    }

    /// The normal form, reduced in the order in which it is read. Where choices are made it ends at the first that is not.
    fn normal(&mut self, term: T, chooses: bool) -> Result<T, Stop> {
        Ok(match self.head(term)? {
            T::Lam(body) => T::Lam(self.normal(*body, chooses)?.into()),
            T::App(function, argument) => {
                let function = self.normal(*function, chooses)?;
                T::App(function.into(), self.normal(*argument, chooses)?.into())
            }
            T::Op(operation, first, second) => {
                let first = self.normal(*first, chooses)?;
                T::Op(operation, first.into(), self.normal(*second, chooses)?.into())
            }
            T::Ctr(number, fields) => T::Ctr(number, self.normals(fields, chooses)?),
            T::Match(shape, scrutinee, arms) => {
                let scrutinee = self.normal(*scrutinee, chooses)?;
                T::Match(shape, scrutinee.into(), self.normals(arms, chooses)?)
            }
            T::Sup(label, ..) if chooses => return Err(Stop::Choice(label)),
            T::Sup(label, first, second) => {
                let first = self.normal(*first, chooses)?;
                T::Sup(label, first.into(), self.normal(*second, chooses)?.into())
            }
            T::Nul if chooses => return Err(Stop::Nothing),
            term => term,
        })
    }

    fn normals(&mut self, terms: Vec<T>, chooses: bool) -> Result<Vec<T>, Stop> {
        terms.into_iter().map(|term| self.normal(term, chooses)).collect()
    }

    fn printed(&self, term: &T) -> Result<String, Stop> {
        let mut text = String::new();
        self.print(term, &mut 0, &mut Vec::new(), &mut text)?;
        Ok(text)
    }

    fn print(
        &self,
        term: &T,
        names: &mut u32,
        scope: &mut Vec<String>,
        text: &mut String,
    ) -> Result<(), Stop> {
        match term {
            T::Var(index) => text.push_str(&scope[scope.len() - 1 - index]),
            T::Nul => text.push('*'),
            T::Num(number) => text.push_str(&number.to_string()),
            T::Chr(c) => text.push_str(&format!("{c:?}")),
            T::Lam(body) => {
                text.push_str(&format!("λ{}. ", bind(names, scope)));
                self.print(body, names, scope, text)?;
                scope.pop();
            }
            T::App(function, argument) => {
                let (mut function, mut arguments) = (function, vec![&**argument]);
                while let T::App(inner, argument) = &**function {
                    arguments.push(argument);
                    function = inner;
                }
                text.push('(');
                self.print(function, names, scope, text)?;
                for argument in arguments.into_iter().rev() {
                    text.push(' ');
                    self.print(argument, names, scope, text)?;
                }
                text.push(')');
            }
            T::Op(operation, first, second) => {
                text.push_str(&format!("({} ", operation.sign()));
                self.print_all([&**first, second], names, scope, text)?;
                text.push(')');
            }
            T::Sup(label, first, second) => {
                text.push_str(&format!("&{label}{{"));
                self.print_all([&**first, second], names, scope, text)?;
                text.push('}');
            }
            T::Ctr(number, fields) => {
                text.push_str(&format!("#{}", self.book.constructors()[*number as usize].name));
                if !fields.is_empty() {
                    text.push('{');
                    self.print_all(fields, names, scope, text)?;
                    text.push('}');
                }
            }
            T::Match(number, scrutinee, arms) => {
                text.push_str("~ ");
                self.print(scrutinee, names, scope, text)?;
                text.push_str(" {");
                let shape = &self.book.shapes()[*number as usize];
                for (index, arm) in arms.iter().enumerate() {
                    let (mut body, mut bound) = (arm, Vec::new());
                    for _ in 0..shape.fields(index as u32, self.book) {
                        // An arm that became something else is written as a function again, which this oracle does not do.
                        let T::Lam(inner) = body else { return Err(Stop::Beyond) };
                        bound.push(bind(names, scope));
                        body = inner;
                    }
                    text.push_str(&format!(" {}: ", self.case(shape, index, &bound)));
                    self.print(body, names, scope, text)?;
                    scope.truncate(scope.len() - bound.len());
                }
                text.push_str(" }");
            }
            T::Other | T::Ref(_) | T::Dup(..) | T::Side(..) | T::Chosen(..) => {
                panic!("no normal form holds {term:?}")
            }
        }
        Ok(())
    }

    /// Some terms with spaces between them.
    fn print_all<'t>(
        &self,
        terms: impl IntoIterator<Item = &'t T>,
        names: &mut u32,
        scope: &mut Vec<String>,
        text: &mut String,
    ) -> Result<(), Stop> {
        for (at, term) in terms.into_iter().enumerate() {
            text.push_str(if at == 0 { "" } else { " " });
            self.print(term, names, scope, text)?;
        }
        Ok(())
    }

    fn case(&self, shape: &Shape, arm: usize, bound: &[String]) -> String {
        match shape {
            Shape::Constructors { known, .. } => match known.get(arm) {
                Some(number) => {
                    let name = &self.book.constructors()[*number as usize].name;
                    if bound.is_empty() {
                        format!("#{name}")
                    } else {
                        format!("#{name}{{{}}}", bound.join(" "))
                    }
                }
                None => bound.concat(),
            },
            Shape::Numbers { known, .. } if (arm as u32) < *known => arm.to_string(),
            Shape::Numbers { known, .. } => format!("{known}+{}", bound.concat()),
        }
    }
}

/// A new name, bound from here on: `a` to `z`, then `aa`.
fn bind(names: &mut u32, scope: &mut Vec<String>) -> String {
    fn name(number: u32) -> String {
        let before = if number < 26 { String::new() } else { name(number / 26 - 1) };
        before + &char::from(b'a' + (number % 26) as u8).to_string()
    }
    let name = name(*names);
    *names += 1;
    scope.push(name.clone());
    name
}

/// Whether the term, which is reduced to its head, waits for a variable.
fn is_stuck(term: &T) -> bool {
    matches!(term, T::Var(_) | T::App(..) | T::Match(..) | T::Op(..))
}

fn sides(label: u32, term: &T) -> [Box<T>; 2] {
    [false, true].map(|side| T::Side(label, side, term.clone().into()).into())
}

/// The same head with what is below it changed. Functions are not meant.
fn below(term: T, change: &dyn Fn(T) -> T) -> T {
    let boxed = |term: Box<T>| change(*term).into();
    match term {
        T::App(function, argument) => T::App(boxed(function), boxed(argument)),
        T::Op(operation, first, second) => T::Op(operation, boxed(first), boxed(second)),
        T::Ctr(number, fields) => T::Ctr(number, fields.into_iter().map(change).collect()),
        T::Match(shape, scrutinee, arms) => {
            T::Match(shape, boxed(scrutinee), arms.into_iter().map(change).collect())
        }
        T::Sup(label, first, second) => T::Sup(label, boxed(first), boxed(second)),
        term => term,
    }
}

fn shift(term: T, by: usize) -> T {
    map(term, 0, &mut 0, &|index, depth| T::Var(if index >= depth { index + by } else { index }))
}

/// Changes every variable, given how many binders are above it, and counts the pieces.
fn map(term: T, depth: usize, count: &mut u32, var: &dyn Fn(usize, usize) -> T) -> T {
    *count += 1;
    let mut at = |term: Box<T>, depth: usize| -> Box<T> { map(*term, depth, count, var).into() };
    match term {
        T::Var(index) => var(index, depth),
        T::Lam(body) => T::Lam(at(body, depth + 1)),
        T::Dup(label, value, body) => T::Dup(label, at(value, depth), at(body, depth + 2)),
        T::Side(label, side, term) => T::Side(label, side, at(term, depth)),
        T::Chosen(label, side, term) => T::Chosen(label, side, at(term, depth)),
        T::App(function, argument) => T::App(at(function, depth), at(argument, depth)),
        T::Op(operation, first, second) => T::Op(operation, at(first, depth), at(second, depth)),
        T::Sup(label, first, second) => T::Sup(label, at(first, depth), at(second, depth)),
        T::Ctr(number, fields) => {
            T::Ctr(number, fields.into_iter().map(|field| map(field, depth, count, var)).collect())
        }
        T::Match(shape, scrutinee, arms) => {
            let scrutinee = at(scrutinee, depth);
            T::Match(shape, scrutinee, arms.into_iter().map(|arm| map(arm, depth, count, var)).collect())
        }
        term => term,
    }
}
