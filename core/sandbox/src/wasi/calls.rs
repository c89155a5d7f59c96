//! Each function of the interface: its signature and what it does.

use alloc::vec::Vec;
use rand_core::Rng as _;
use wasmi::{Caller, FuncType, Val, ValType};

use super::{
    Errno, Failure, Halt, Host,
    host::Stream,
    memory::{Guest, place, u32_at, u64_at},
};
use crate::Trap;

/// A function's arguments, each widened without its sign.
type Args = [u64; 9];
type Call = fn(&mut Guest<'_>, &Args) -> Result<(), Failure>;

/// A function of the interface.
pub(crate) struct Function {
    name: &'static str,
    params: &'static [ValType],
    call: Call,
}

use ValType::{I32, I64};

const FUNCTIONS: &[Function] = &[
    f("args_get", &[I32, I32], |guest, args| strings_get(guest, args, |host| &host.args)),
    f("args_sizes_get", &[I32, I32], |guest, args| strings_sizes_get(guest, args, |host| &host.args)),
    f("environ_get", &[I32, I32], |guest, args| strings_get(guest, args, |host| &host.env)),
    f("environ_sizes_get", &[I32, I32], |guest, args| strings_sizes_get(guest, args, |host| &host.env)),
    f("clock_res_get", &[I32, I32], clock_res_get),
    f("clock_time_get", &[I32, I64, I32], clock_time_get),
    f("fd_advise", &[I32, I64, I64, I32], seek),
    f("fd_allocate", &[I32, I64, I64], seek),
    f("fd_close", &[I32], fd_close),
    f("fd_datasync", &[I32], sync),
    f("fd_fdstat_get", &[I32, I32], fd_fdstat_get),
    f("fd_fdstat_set_flags", &[I32, I32], fd_fdstat_set_flags),
    f("fd_fdstat_set_rights", &[I32, I64, I64], not_capable),
    f("fd_filestat_get", &[I32, I32], fd_filestat_get),
    f("fd_filestat_set_size", &[I32, I64], sync),
    f("fd_filestat_set_times", &[I32, I64, I64, I32], not_capable),
    f("fd_pread", &[I32, I32, I32, I64, I32], seek),
    f("fd_prestat_get", &[I32, I32], |_, _| Err(Errno::Badf.into())),
    f("fd_prestat_dir_name", &[I32, I32, I32], |_, _| Err(Errno::Badf.into())),
    f("fd_pwrite", &[I32, I32, I32, I64, I32], seek),
    f("fd_read", &[I32, I32, I32, I32], fd_read),
    f("fd_readdir", &[I32, I32, I32, I64, I32], directory),
    f("fd_renumber", &[I32, I32], fd_renumber),
    f("fd_seek", &[I32, I64, I32, I32], seek),
    f("fd_sync", &[I32], sync),
    f("fd_tell", &[I32, I32], seek),
    f("fd_write", &[I32, I32, I32, I32], fd_write),
    f("path_create_directory", &[I32, I32, I32], directory),
    f("path_filestat_get", &[I32, I32, I32, I32, I32], directory),
    f("path_filestat_set_times", &[I32, I32, I32, I32, I64, I64, I32], directory),
    f("path_link", &[I32, I32, I32, I32, I32, I32, I32], directory),
    f("path_open", &[I32, I32, I32, I32, I32, I64, I64, I32, I32], directory),
    f("path_readlink", &[I32, I32, I32, I32, I32, I32], directory),
    f("path_remove_directory", &[I32, I32, I32], directory),
    f("path_rename", &[I32, I32, I32, I32, I32, I32], directory),
    f("path_symlink", &[I32, I32, I32, I32, I32], |guest, args| {
        // The descriptor is the third argument, behind the text that the link would hold.
        open(guest, args[2])?;
        Err(Errno::Notdir.into())
    }),
    f("path_unlink_file", &[I32, I32, I32], directory),
    f("poll_oneoff", &[I32, I32, I32, I32], poll_oneoff),
    f("proc_exit", &[I32], |_, args| Err(Halt::Exit(args[0] as u32).into())),
    f("proc_raise", &[I32], |_, _| Err(Errno::Nosys.into())),
    f("random_get", &[I32, I32], random_get),
    f("sched_yield", &[], |_, _| Ok(())),
    f("sock_accept", &[I32, I32, I32], socket),
    f("sock_recv", &[I32, I32, I32, I32, I32, I32], socket),
    f("sock_send", &[I32, I32, I32, I32, I32], socket),
    f("sock_shutdown", &[I32, I32], socket),
];

const fn f(name: &'static str, params: &'static [ValType], call: Call) -> Function {
    Function { name, params, call }
}

impl Function {
    /// The one of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }

    /// Its type: `proc_exit` returns nothing, all others an `errno`.
    pub(crate) fn ty(&self) -> FuncType {
        let results: &[ValType] = if self.name == "proc_exit" { &[] } else { &[I32] };
        FuncType::new(self.params.iter().copied(), results.iter().copied())
    }

    /// Answers a call of the guest's.
    pub(crate) fn call(
        &self,
        caller: Caller<'_, Host>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), wasmi::Error> {
        let mut args = Args::default();
        for (arg, param) in args.iter_mut().zip(params) {
            *arg = match param {
                Val::I32(value) => u64::from(*value as u32),
                Val::I64(value) => *value as u64,
                _ => 0,
            };
        }
        let mut guest = Guest::new(caller);
        let outcome = match guest.charge(CALL_FUEL) {
            Ok(()) => (self.call)(&mut guest, &args),
            Err(halt) => Err(Failure::Halt(halt)),
        };
        let errno = match outcome {
            Ok(()) => Errno::Success,
            Err(Failure::Errno(errno)) => errno,
            Err(Failure::Halt(halt)) => return Err(wasmi::Error::host(halt)),
        };
        if let Some(result) = results.first_mut() {
            *result = Val::I32(errno as i32);
        }
        Ok(())
    }
}

/// Fuel of any call.
const CALL_FUEL: u64 = 32;
/// Fuel of each buffer, text or subscription that a call is given.
const ITEM_FUEL: u64 = 8;
/// Bytes that a call copies for one unit of fuel, as many as the engine's own `memory.copy` does.
const COPIED_BYTES_PER_FUEL: u64 = 64;
/// Random bytes for one unit of fuel.
const RANDOM_BYTES_PER_FUEL: u64 = 4;
/// Buffers or subscriptions in one call, at most, as many as Linux takes (`IOV_MAX`).
const ITEMS_MAX: u64 = 1024;
/// How far reading the clock moves it, so that a program that waits for time to pass ends.
const CLOCK_TICK_NS: u64 = 1_000;

/// The stream that is open as `fd`.
fn open(guest: &mut Guest<'_>, fd: u64) -> Result<Stream, Errno> {
    let at = usize::try_from(fd).map_err(|_| Errno::Badf)?;
    guest.host().streams.get(at).copied().flatten().ok_or(Errno::Badf)
}

fn seek(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    open(guest, args[0])?;
    Err(Errno::Spipe.into())
}

fn sync(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    open(guest, args[0])?;
    Err(Errno::Inval.into())
}

fn directory(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    open(guest, args[0])?;
    Err(Errno::Notdir.into())
}

fn socket(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    open(guest, args[0])?;
    Err(Errno::Notsock.into())
}

fn not_capable(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    open(guest, args[0])?;
    Err(Errno::Notcapable.into())
}

fn strings_sizes_get(
    guest: &mut Guest<'_>,
    args: &Args,
    strings: fn(&Host) -> &Vec<Vec<u8>>,
) -> Result<(), Failure> {
    let strings = strings(guest.host());
    let count = u32::try_from(strings.len()).map_err(|_| Errno::Overflow)?;
    let bytes = strings.iter().map(Vec::len).sum::<usize>();
    let bytes = u32::try_from(bytes).map_err(|_| Errno::Overflow)?;
    guest.write_u32(args[0] as u32, count)?;
    guest.write_u32(args[1] as u32, bytes)
}

fn strings_get(
    guest: &mut Guest<'_>,
    args: &Args,
    strings: fn(&Host) -> &Vec<Vec<u8>>,
) -> Result<(), Failure> {
    let all = strings(guest.host());
    let bytes = all.iter().map(|text| text.len() as u64).sum::<u64>();
    let cost = ITEM_FUEL.saturating_mul(all.len() as u64).saturating_add(bytes / COPIED_BYTES_PER_FUEL);
    guest.charge(cost)?;
    let (memory, host) = guest.split()?;
    let (mut pointer, mut text_at) = (args[0] as u32, args[1] as u32);
    for text in strings(host) {
        place(memory, pointer, 4)?.copy_from_slice(&text_at.to_le_bytes());
        place(memory, text_at, text.len() as u64)?.copy_from_slice(text);
        pointer = pointer.checked_add(4).ok_or(Errno::Fault)?;
        text_at = text_at.checked_add(text.len() as u32).ok_or(Errno::Fault)?;
    }
    Ok(())
}

fn clock_res_get(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    if args[0] > 3 {
        return Err(Errno::Inval.into());
    }
    guest.write(args[1] as u32, &CLOCK_TICK_NS.to_le_bytes())
}

fn clock_time_get(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    let host = guest.host();
    host.elapsed_ns = host.elapsed_ns.saturating_add(CLOCK_TICK_NS);
    let time = match args[0] {
        // Realtime and monotonic.
        0 | 1 => host.clock_ns(),
        // What the process and the thread have used.
        2 | 3 => host.elapsed_ns,
        _ => return Err(Errno::Inval.into()),
    };
    guest.write(args[2] as u32, &time.to_le_bytes())
}

fn random_get(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    let (at, len) = (args[0] as u32, args[1]);
    place(guest.split()?.0, at, len)?;
    guest.charge(len / RANDOM_BYTES_PER_FUEL)?;
    let (memory, host) = guest.split()?;
    host.random.fill_bytes(place(memory, at, len)?);
    Ok(())
}

fn fd_close(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    open(guest, args[0])?;
    guest.host().streams[args[0] as usize] = None;
    Ok(())
}

fn fd_renumber(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    let moved = open(guest, args[0])?;
    open(guest, args[1])?;
    let streams = &mut guest.host().streams;
    streams[args[0] as usize] = None;
    streams[args[1] as usize] = Some(moved);
    Ok(())
}

fn fd_fdstat_get(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    const FD_READ: u64 = 1 << 1;
    const FD_WRITE: u64 = 1 << 6;
    const FD_FILESTAT_GET: u64 = 1 << 21;
    const POLL_FD_READWRITE: u64 = 1 << 27;
    let way = match open(guest, args[0])? {
        Stream::Stdin => FD_READ,
        Stream::Stdout | Stream::Stderr => FD_WRITE,
    };
    // filetype (unknown, as of a pipe) · fs_flags · fs_rights_base · fs_rights_inheriting
    let mut fdstat = [0; 24];
    fdstat[8..16].copy_from_slice(&(way | FD_FILESTAT_GET | POLL_FD_READWRITE).to_le_bytes());
    guest.write(args[1] as u32, &fdstat)
}

/// Streams never block, so that whether they may does not matter.
fn fd_fdstat_set_flags(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    const APPEND: u64 = 1;
    const NONBLOCK: u64 = 1 << 2;
    open(guest, args[0])?;
    if args[1] & !(APPEND | NONBLOCK) == 0 { Ok(()) } else { Err(Errno::Inval.into()) }
}

fn fd_filestat_get(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    open(guest, args[0])?;
    guest.write(args[1] as u32, &[0; 64])
}

/// The buffers of a read or a write, each within the memory.
fn buffers(guest: &mut Guest<'_>, args: &Args) -> Result<Vec<(u32, u32)>, Failure> {
    let (at, count) = (args[1] as u32, args[2]);
    if count > ITEMS_MAX {
        return Err(Errno::Inval.into());
    }
    guest.charge(ITEM_FUEL * count)?;
    let (memory, _) = guest.split()?;
    // The number of bytes done is written last; a pointer that leads nowhere is found before anything is done.
    place(memory, args[3] as u32, 4)?;
    let list = place(memory, at, 8 * count)?.to_vec();
    let mut buffers = Vec::with_capacity(list.len() / 8);
    for pair in list.chunks_exact(8) {
        let (at, len) = (u32_at(pair, 0)?, u32_at(pair, 4)?);
        place(memory, at, len.into())?;
        buffers.push((at, len));
    }
    Ok(buffers)
}

fn fd_read(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    if open(guest, args[0])? != Stream::Stdin {
        return Err(Errno::Badf.into());
    }
    let buffers = buffers(guest, args)?;
    let room = buffers.iter().map(|(_, len)| u64::from(*len)).sum::<u64>();
    let host = guest.host();
    let left = (host.stdin.len() - host.stdin_read) as u64;
    guest.charge(room.min(left) / COPIED_BYTES_PER_FUEL)?;
    let (memory, host) = guest.split()?;
    let mut read = 0;
    for (at, len) in buffers {
        let rest = &host.stdin[host.stdin_read..];
        let now = rest.len().min(len as usize);
        place(memory, at, now as u64)?.copy_from_slice(&rest[..now]);
        host.stdin_read += now;
        read += now as u32;
    }
    guest.write_u32(args[3] as u32, read)
}

fn fd_write(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    let stream = open(guest, args[0])?;
    if stream == Stream::Stdin {
        return Err(Errno::Badf.into());
    }
    let buffers = buffers(guest, args)?;
    let bytes = buffers.iter().map(|(_, len)| u64::from(*len)).sum::<u64>();
    let written = u32::try_from(bytes).map_err(|_| Errno::Inval)?;
    let left = guest.host().output_left();
    guest.charge(bytes.min(left) / COPIED_BYTES_PER_FUEL)?;
    let (memory, host) = guest.split()?;
    for (at, len) in buffers {
        let now = u64::from(len).min(host.output_left());
        let text = place(memory, at, now)?;
        match stream {
            Stream::Stderr => host.stderr.extend_from_slice(text),
            _ => host.stdout.extend_from_slice(text),
        }
    }
    if bytes > left {
        return Err(Halt::Trap(Trap::OutputFull).into());
    }
    guest.write_u32(args[3] as u32, written)
}

/// What a guest waits for.
struct Subscription {
    userdata: u64,
    kind: u8,
    wait: Result<Wait, Errno>,
}

enum Wait {
    /// Until the clock shows this.
    Until(u64),
    /// Until so many bytes can be read or written, which is now.
    Ready { bytes: u64, hangup: bool },
}

const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;
const SUBSCRIPTION_BYTES: u64 = 48;
const EVENT_BYTES: usize = 32;

/// Nothing ever blocks: a guest that only waits for time gets it at once, with its clock moved on.
fn poll_oneoff(guest: &mut Guest<'_>, args: &Args) -> Result<(), Failure> {
    let (from, to, count, done) = (args[0] as u32, args[1] as u32, args[2], args[3] as u32);
    if count == 0 || count > ITEMS_MAX {
        return Err(Errno::Inval.into());
    }
    guest.charge(2 * ITEM_FUEL * count)?;
    let (memory, host) = guest.split()?;
    place(memory, done, 4)?;
    place(memory, to, EVENT_BYTES as u64 * count)?;
    let list = place(memory, from, SUBSCRIPTION_BYTES * count)?.to_vec();
    let mut waits = Vec::new();
    for item in list.chunks_exact(SUBSCRIPTION_BYTES as usize) {
        waits.push(subscription(host, item)?);
    }
    let is_due = |wait: &Subscription, now: u64| !matches!(wait.wait, Ok(Wait::Until(until)) if until > now);
    let now = host.clock_ns();
    if !waits.iter().any(|wait| is_due(wait, now)) {
        let deadlines = waits.iter().filter_map(|wait| match wait.wait {
            Ok(Wait::Until(until)) => Some(until),
            _ => None,
        });
        let next = deadlines.min().unwrap_or(now);
        host.elapsed_ns = host.elapsed_ns.saturating_add(next - now);
    }
    let now = host.clock_ns();
    let mut events = 0;
    for wait in waits.iter().filter(|wait| is_due(wait, now)) {
        place(memory, to + EVENT_BYTES as u32 * events, EVENT_BYTES as u64)?.copy_from_slice(&event(wait));
        events += 1;
    }
    guest.write_u32(done, events)
}

fn subscription(host: &Host, item: &[u8]) -> Result<Subscription, Errno> {
    let kind = item[8];
    let wait = match kind {
        CLOCK => {
            const ABSOLUTE: u8 = 1;
            let (clock, timeout) = (u32_at(item, 16)?, u64_at(item, 24)?);
            let origin = match (clock, item[40] & ABSOLUTE != 0) {
                (0 | 1, true) => Ok(0),
                (2 | 3, true) => Ok(host.began_ns),
                (0..=3, false) => Ok(host.clock_ns()),
                _ => Err(Errno::Inval),
            };
            origin.map(|origin| Wait::Until(origin.saturating_add(timeout)))
        }
        FD_READ | FD_WRITE => {
            let stream = usize::try_from(u32_at(item, 16)?).ok().and_then(|fd| *host.streams.get(fd)?);
            let stdin_left = (host.stdin.len() - host.stdin_read) as u64;
            match (kind, stream) {
                (FD_READ, Some(Stream::Stdin)) => {
                    Ok(Wait::Ready { bytes: stdin_left, hangup: stdin_left == 0 })
                }
                (FD_WRITE, Some(Stream::Stdout | Stream::Stderr)) => {
                    Ok(Wait::Ready { bytes: host.output_left(), hangup: false })
                }
                _ => Err(Errno::Badf),
            }
        }
        _ => return Err(Errno::Inval),
    };
    Ok(Subscription { userdata: u64_at(item, 0)?, kind, wait })
}

/// userdata · error · type · fd_readwrite: nbytes, flags
fn event(wait: &Subscription) -> [u8; EVENT_BYTES] {
    let mut event = [0; EVENT_BYTES];
    event[..8].copy_from_slice(&wait.userdata.to_le_bytes());
    event[10] = wait.kind;
    match wait.wait {
        Err(errno) => event[8..10].copy_from_slice(&(errno as u16).to_le_bytes()),
        Ok(Wait::Ready { bytes, hangup }) => {
            event[16..24].copy_from_slice(&bytes.to_le_bytes());
            event[24] = u8::from(hangup);
        }
        Ok(Wait::Until(_)) => {}
    }
    event
}
