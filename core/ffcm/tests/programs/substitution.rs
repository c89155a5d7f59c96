//! Terms without superpositions, reduced by substituting terms in terms: slow, and too simple to be wrong. Variables are counted
//! from the binder that is nearest (de Bruijn), and the outermost, leftmost application comes first.

use ffcm::term::{Item, Operation, Shape, Terms};

/// Most steps; what takes more is not checked.
const STEPS_MAX: u32 = 20_000;

#[derive(Debug, Clone)]
enum T {
    Var(usize),
    Ref(u32),
    Num(u32),
    Chr(char),
    Lam(Box<T>),
    App(Box<T>, Box<T>),
    Op(Operation, Box<T>, Box<T>),
    Ctr(u32, Vec<T>),
    Match(u32, Box<T>, Vec<T>),
}

/// The normal form of `main`, as it is printed; `None` if it takes too many steps or holds a type error.
pub(crate) fn normal_form(book: &Terms) -> Option<String> {
    let mut oracle = Oracle { book, steps: 0 };
    let term = oracle.normal(T::Ref(book.main()))?;
    let mut text = String::new();
    oracle.print(&term, &mut 0, &mut Vec::new(), &mut text);
    Some(text)
}

struct Oracle<'b> {
    book: &'b Terms,
    steps: u32,
}

impl Oracle<'_> {
    /// The term that begins with the next item.
    fn read(&self, items: &mut impl Iterator<Item = Item>, scope: &mut Vec<u32>) -> T {
        match items.next().expect("an item") {
            Item::Var(binder) => {
                T::Var(scope.iter().rev().position(|bound| *bound == binder).expect("bound"))
            }
            Item::Ref(def) => T::Ref(def),
            Item::Num(number) => T::Num(number),
            Item::Chr(c) => T::Chr(c),
            Item::Lam(binder) => {
                scope.push(binder);
                let body = self.read(items, scope);
                scope.pop();
                T::Lam(body.into())
            }
            Item::App(arguments) => {
                let function = self.read(items, scope);
                (0..arguments)
                    .fold(function, |function, _| T::App(function.into(), self.read(items, scope).into()))
            }
            Item::Let(binder) => {
                let value = self.read(items, scope);
                scope.push(binder);
                let body = self.read(items, scope);
                scope.pop();
                T::App(T::Lam(body.into()).into(), value.into())
            }
            Item::Op(operation) => {
                let first = self.read(items, scope);
                T::Op(operation, first.into(), self.read(items, scope).into())
            }
            Item::Ctr(number, fields) => {
                T::Ctr(number, (0..fields).map(|_| self.read(items, scope)).collect())
            }
            Item::Match(shape, moves) => {
                let scrutinee = self.read(items, scope);
                let moved: Vec<T> = (0..moves)
                    .map(|_| {
                        items.next();
                        self.read(items, scope)
                    })
                    .collect();
                let arms =
                    (0..self.book.shapes()[shape as usize].arms()).map(|_| self.read(items, scope)).collect();
                moved.into_iter().fold(T::Match(shape, scrutinee.into(), arms), |term, moved| {
                    T::App(term.into(), moved.into())
                })
            }
            item => panic!("{item:?} is beyond substitution"),
        }
    }

    fn head(&mut self, term: T) -> Option<T> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return None;
        }
        match term {
            T::Ref(def) => {
                let items = self.book.defs()[def as usize].term.items();
                let term = self.read(&mut items.iter().copied(), &mut Vec::new());
                self.head(term)
            }
            T::App(function, argument) => match self.head(*function)? {
                T::Lam(body) => self.head(substitute(*body, 0, &argument)),
                stuck @ (T::Var(_) | T::App(..) | T::Match(..) | T::Op(..)) => {
                    Some(T::App(stuck.into(), argument))
                }
                _ => None,
            },
            T::Op(operation, first, second) => {
                let number = |term: &T| match term {
                    T::Num(number) => Some(*number),
                    T::Chr(c) => Some(u32::from(*c)),
                    _ => None,
                };
                let (first, second) = (self.head(*first)?, self.head(*second)?);
                match (number(&first), number(&second)) {
                    (Some(first), Some(second)) => Some(T::Num(operation.apply(first, second)?)),
                    _ if [&first, &second].iter().any(|term| matches!(term, T::Lam(_) | T::Ctr(..))) => None,
                    _ => Some(T::Op(operation, first.into(), second.into())),
                }
            }
            T::Match(number, scrutinee, mut arms) => {
                let scrutinee = self.head(*scrutinee)?;
                let (arm, arguments) = match (&self.book.shapes()[number as usize], scrutinee) {
                    (Shape::Constructors { known, others }, T::Ctr(constructor, fields)) => {
                        match known.iter().position(|known| *known == constructor) {
                            Some(arm) => (arm, fields),
                            None if *others => (known.len(), vec![T::Ctr(constructor, fields)]),
                            None => return None,
                        }
                    }
                    (Shape::Numbers { known, others }, T::Num(number)) => match number.checked_sub(*known) {
                        None => (number as usize, Vec::new()),
                        Some(rest) if *others => (*known as usize, vec![T::Num(rest)]),
                        Some(_) => return None,
                    },
                    (_, stuck @ (T::Var(_) | T::App(..) | T::Match(..) | T::Op(..))) => {
                        return Some(T::Match(number, stuck.into(), arms));
                    }
                    _ => return None,
                };
                let arm = arms.swap_remove(arm);
                let applied =
                    arguments.into_iter().fold(arm, |arm, argument| T::App(arm.into(), argument.into()));
                self.head(applied)
            }
            term => Some(term),
        }
    }

    fn normal(&mut self, term: T) -> Option<T> {
        Some(match self.head(term)? {
            T::Lam(body) => T::Lam(self.normal(*body)?.into()),
            T::App(function, argument) => {
                T::App(self.normal(*function)?.into(), self.normal(*argument)?.into())
            }
            T::Op(operation, first, second) => {
                T::Op(operation, self.normal(*first)?.into(), self.normal(*second)?.into())
            }
            T::Ctr(number, fields) => {
                T::Ctr(number, fields.into_iter().map(|field| self.normal(field)).collect::<Option<_>>()?)
            }
            T::Match(shape, scrutinee, arms) => {
                let arms = arms.into_iter().map(|arm| self.normal(arm)).collect::<Option<_>>()?;
                T::Match(shape, self.normal(*scrutinee)?.into(), arms)
            }
            term => term,
        })
    }

    fn print(&self, term: &T, names: &mut u8, scope: &mut Vec<char>, text: &mut String) {
        let mut fresh = |scope: &mut Vec<char>| {
            let name = char::from(b'a' + *names);
            *names += 1;
            scope.push(name);
            name
        };
        match term {
            T::Var(index) => text.push(scope[scope.len() - 1 - index]),
            T::Ref(_) => panic!("a normal form holds no reference"),
            T::Num(number) => text.push_str(&number.to_string()),
            T::Chr(c) => text.push_str(&format!("{c:?}")),
            T::Lam(body) => {
                let name = fresh(scope);
                text.push_str(&format!("λ{name}. "));
                self.print(body, names, scope, text);
                scope.pop();
            }
            T::App(function, argument) => {
                let (mut function, mut arguments) = (function, vec![argument]);
                while let T::App(inner, argument) = &**function {
                    arguments.push(argument);
                    function = inner;
                }
                text.push('(');
                self.print(function, names, scope, text);
                for argument in arguments.into_iter().rev() {
                    text.push(' ');
                    self.print(argument, names, scope, text);
                }
                text.push(')');
            }
            T::Op(operation, first, second) => {
                text.push_str(&format!("({} ", operation.sign()));
                self.print(first, names, scope, text);
                text.push(' ');
                self.print(second, names, scope, text);
                text.push(')');
            }
            T::Ctr(number, fields) => {
                text.push_str(&format!("#{}", self.book.constructors()[*number as usize].name));
                for (at, field) in fields.iter().enumerate() {
                    text.push(if at == 0 { '{' } else { ' ' });
                    self.print(field, names, scope, text);
                }
                text.push_str(if fields.is_empty() { "" } else { "}" });
            }
            T::Match(number, scrutinee, arms) => {
                text.push_str("~ ");
                self.print(scrutinee, names, scope, text);
                text.push_str(" {");
                let shape = &self.book.shapes()[*number as usize];
                for (index, arm) in arms.iter().enumerate() {
                    let (mut body, mut bound) = (arm, Vec::new());
                    for _ in 0..shape.fields(index as u32, self.book) {
                        let T::Lam(inner) = body else { panic!("an arm is a function") };
                        let name = char::from(b'a' + *names);
                        *names += 1;
                        scope.push(name);
                        bound.push(name.to_string());
                        body = inner;
                    }
                    let head = match shape {
                        Shape::Constructors { known, .. } => match known.get(index) {
                            Some(number) if bound.is_empty() => {
                                format!("#{}", self.book.constructors()[*number as usize].name)
                            }
                            Some(number) => format!(
                                "#{}{{{}}}",
                                self.book.constructors()[*number as usize].name,
                                bound.join(" ")
                            ),
                            None => bound.concat(),
                        },
                        Shape::Numbers { known, .. } if (index as u32) < *known => index.to_string(),
                        Shape::Numbers { known, .. } => format!("{known}+{}", bound.concat()),
                    };
                    text.push_str(&format!(" {head}: "));
                    self.print(body, names, scope, text);
                    scope.truncate(scope.len() - bound.len());
                }
                text.push_str(" }");
            }
        }
    }
}

fn substitute(term: T, depth: usize, value: &T) -> T {
    map(term, depth, &|index, depth| match index {
        index if index == depth => shift(value.clone(), depth),
        index if index > depth => T::Var(index - 1),
        index => T::Var(index),
    })
}

fn shift(term: T, by: usize) -> T {
    map(term, 0, &|index, depth| T::Var(if index >= depth { index + by } else { index }))
}

fn map(term: T, depth: usize, var: &dyn Fn(usize, usize) -> T) -> T {
    match term {
        T::Var(index) => var(index, depth),
        T::Lam(body) => T::Lam(map(*body, depth + 1, var).into()),
        T::App(function, argument) => {
            T::App(map(*function, depth, var).into(), map(*argument, depth, var).into())
        }
        T::Op(operation, first, second) => {
            T::Op(operation, map(*first, depth, var).into(), map(*second, depth, var).into())
        }
        T::Ctr(number, fields) => {
            T::Ctr(number, fields.into_iter().map(|field| map(field, depth, var)).collect())
        }
        T::Match(shape, scrutinee, arms) => {
            let arms = arms.into_iter().map(|arm| map(arm, depth, var)).collect();
            T::Match(shape, map(*scrutinee, depth, var).into(), arms)
        }
        term => term,
    }
}
