//! Ports, and those that stay out of circulation: what still dials a store that is gone reaches nobody else.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpSocket};

/// Connections that the kernel holds until they are accepted.
const BACKLOG: u32 = 4_096;

/// Ports of stores that are gone which are remembered; far fewer than a system has to give away.
const REMEMBERED: usize = 8_192;

/// Free ports that are looked at. Each is held until one is chosen, so that the system offers it once.
const ATTEMPTS: usize = 256;

/// The ports that stores of this process had before they were stopped.
///
/// Nothing tells when the last client has given a port up: it may dial again, from a process of its own, whenever it
/// likes. So such a port is not kept for a time, but as long as there are others: port 0 never becomes one of the last
/// [`REMEMBERED`] that were retired. Whoever names a port gets that.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    /// Oldest first.
    retired: Mutex<VecDeque<u16>>,
}

impl Ports {
    /// Opens a port, where one is wanted, and notes its number.
    pub(crate) fn open(
        &self,
        port: &mut Option<SocketAddr>,
    ) -> Result<Option<TcpListener>, (SocketAddr, io::Error)> {
        let Some(address) = *port else {
            return Ok(None);
        };
        let listener = self.listen(address).map_err(|source| (address, source))?;
        *port = Some(listener.local_addr().map_err(|source| (address, source))?);
        Ok(Some(listener))
    }

    fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let socket = match address.port() {
            0 => self.choose(|| {
                let socket = bind(address)?;
                let port = socket.local_addr()?.port();
                Ok((socket, port))
            })?,
            _ => bind(address)?,
        };
        socket.listen(BACKLOG)
    }

    /// A port that no store had before; where there is none, the one that was given up longest ago.
    fn choose<S>(&self, bind: impl Fn() -> io::Result<(S, u16)>) -> io::Result<S> {
        let mut passed_over = Vec::new();
        let mut last_error = None;
        for _ in 0..ATTEMPTS {
            match bind() {
                Ok((socket, port)) => match self.place(port) {
                    None => return Ok(socket),
                    Some(place) => passed_over.push((place, socket)),
                },
                Err(error) => {
                    last_error = Some(error);
                    break;
                }
            }
        }
        let oldest = passed_over.into_iter().min_by_key(|(place, _)| *place);
        let none = || last_error.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
        oldest.map(|(_, socket)| socket).ok_or_else(none)
    }

    /// Keeps a port out of circulation. To be done before it is closed.
    pub(crate) fn retire(&self, address: Option<SocketAddr>) {
        let Some(address) = address else { return };
        let mut retired = self.lock();
        retired.retain(|port| *port != address.port());
        retired.push_back(address.port());
        if REMEMBERED < retired.len() {
            retired.pop_front();
        }
    }

    fn place(&self, port: u16) -> Option<usize> {
        self.lock().iter().position(|retired| *retired == port)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<u16>> {
        // A list of numbers is good whatever happened beside it.
        self.retired.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A port that was in use a moment ago may be taken again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn retired(ports: &[u16]) -> Ports {
        let retired = Ports::default();
        for port in ports {
            retired.retire(Some(SocketAddr::from(([127, 0, 0, 1], *port))));
        }
        retired
    }

    /// Offers these ports, one after the other.
    fn choose(ports: &Ports, offered: &[u16]) -> io::Result<u16> {
        let offers = RefCell::new(offered.iter());
        ports.choose(|| {
            let port = offers.borrow_mut().next().copied();
            port.map(|port| (port, port)).ok_or_else(|| io::ErrorKind::AddrInUse.into())
        })
    }

    #[test]
    fn a_port_that_a_store_had_is_passed_over() {
        let ports = retired(&[1, 2, 3]);
        assert_eq!(choose(&ports, &[2, 3, 9, 8]).unwrap(), 9);
    }

    #[test]
    fn where_a_system_has_no_other_the_one_given_up_longest_ago_is_taken() {
        let ports = retired(&[1, 2, 3, 1]);
        assert_eq!(choose(&ports, &[3, 1, 2]).unwrap(), 2);
        let none = choose(&ports, &[]).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::AddrInUse, "what the system said");
    }

    #[test]
    fn as_many_ports_are_remembered_as_are_said() {
        let many: Vec<u16> = (1..).take(REMEMBERED + 1).collect();
        let ports = retired(&many);
        assert_eq!((ports.place(1), ports.place(2)), (None, Some(0)));
    }
}
