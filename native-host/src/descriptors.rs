//! How many files and sockets the process may hold.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Takes as many file descriptors as the system lets the process have: a heavy node holds one a connection, and the soft limit is
/// often 1,024 for the sake of programs that use `select`.
pub(crate) fn take_all() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        take_all();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
