//! The system calls the standard library does not offer. All `unsafe` of this crate is here.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Longest datagram looked at; a longer one is cut and then refused by its parser or heard in part.
const DATAGRAM_MAX: usize = 2048;

/// Reads a clock in nanoseconds.
fn clock(id: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writing, and both clocks exist on every Linux.
    unsafe { libc::clock_gettime(id, &raw mut time) };
    nanos(&time)
}

const fn nanos(time: &libc::timespec) -> u64 {
    time.tv_sec as u64 * NANOS_PER_SECOND + time.tv_nsec as u64
}

pub fn monotonic() -> u64 {
    clock(libc::CLOCK_MONOTONIC)
}

pub fn realtime() -> u64 {
    clock(libc::CLOCK_REALTIME)
}

/// Sleeps until the monotonic clock shows `deadline` nanoseconds. Signals do not shorten it.
pub fn sleep_until(deadline: u64) {
    let time = libc::timespec {
        tv_sec: (deadline / NANOS_PER_SECOND) as libc::time_t,
        tv_nsec: (deadline % NANOS_PER_SECOND) as libc::c_long,
    };
    // SAFETY: `time` is valid for reading; the remaining time is not asked for.
    while unsafe {
        libc::clock_nanosleep(
            libc::CLOCK_MONOTONIC,
            libc::TIMER_ABSTIME,
            &raw const time,
            std::ptr::null_mut(),
        )
    } == libc::EINTR
    {}
}

/// A counter that wakes whoever polls it.
pub fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: no pointers are passed.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Asks for a real-time turn, else for a higher niceness; without the right to either nothing changes.
pub fn raise_priority() {
    let parameters = libc::sched_param { sched_priority: 10 };
    // SAFETY: `parameters` is valid for reading; thread 0 is the calling one.
    unsafe {
        if libc::sched_setscheduler(0, libc::SCHED_RR, &raw const parameters) != 0 {
            let thread = libc::gettid().cast_unsigned();
            libc::setpriority(libc::PRIO_PROCESS, thread, -10);
        }
    }
}

/// Asks the kernel to stamp each datagram with the wall-clock time of its arrival.
pub fn stamp_arrivals(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: c_int = 1;
    // SAFETY: the value is a valid int of the size given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPNS,
            (&raw const on).cast(),
            size_of::<c_int>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lets a connected datagram socket hear everybody again; it keeps its port.
pub fn disconnect(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: all zeroes is a valid address.
    let mut address: libc::sockaddr = unsafe { MaybeUninit::zeroed().assume_init() };
    address.sa_family = libc::AF_UNSPEC as libc::sa_family_t;
    // SAFETY: the address is valid for reading and of the size given.
    let result = unsafe {
        libc::connect(
            socket.as_raw_fd(),
            &raw const address,
            size_of::<libc::sockaddr>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Room for one datagram, who sent it, and its time-stamp.
pub struct Inbox {
    data: [u8; DATAGRAM_MAX],
    control: [u64; 8],
    name: libc::sockaddr_storage,
}

/// One datagram; its bytes stay in the inbox.
pub struct Received<'a> {
    pub datagram: &'a [u8],
    /// Known if it was asked for.
    pub source: Option<SocketAddr>,
    /// Wall-clock nanoseconds, if the socket stamps arrivals.
    pub stamp: Option<u64>,
}

impl Inbox {
    pub const fn new() -> Self {
        // SAFETY: all zeroes is a valid address.
        let name = unsafe { MaybeUninit::zeroed().assume_init() };
        Self { data: [0; DATAGRAM_MAX], control: [0; 8], name }
    }

    /// Takes the next datagram of a non-blocking socket.
    pub fn receive(
        &mut self,
        socket: BorrowedFd<'_>,
        wants_source: bool,
    ) -> io::Result<Received<'_>> {
        let mut part =
            libc::iovec { iov_base: self.data.as_mut_ptr().cast(), iov_len: DATAGRAM_MAX };
        // SAFETY: all zeroes is a valid message header.
        let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = self.control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&self.control);
        if wants_source {
            message.msg_name = (&raw mut self.name).cast();
            message.msg_namelen = size_of_val(&self.name) as libc::socklen_t;
        }
        // SAFETY: every pointer in the header is valid for writing for the length beside it.
        let length =
            unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_DONTWAIT) };
        let Ok(length) = usize::try_from(length) else {
            return Err(io::Error::last_os_error());
        };
        let stamp = stamp(&message);
        let source = if wants_source { address(&self.name) } else { None };
        Ok(Received { datagram: &self.data[..length.min(DATAGRAM_MAX)], source, stamp })
    }
}

fn stamp(message: &libc::msghdr) -> Option<u64> {
    // SAFETY: the kernel filled the control buffer of this header, which is still alive; the macros stay
    // inside it, and the data of this type is a timespec, read without assuming its alignment.
    unsafe {
        let header = libc::CMSG_FIRSTHDR(message);
        let is_stamp = !header.is_null()
            && (*header).cmsg_level == libc::SOL_SOCKET
            && (*header).cmsg_type == libc::SCM_TIMESTAMPNS;
        is_stamp.then(|| {
            nanos(&std::ptr::read_unaligned(libc::CMSG_DATA(header).cast::<libc::timespec>()))
        })
    }
}

fn address(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match c_int::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the storage holds this kind of address.
            let v4 = unsafe { &*(&raw const *name).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddr::new(IpAddr::V4(ip), u16::from_be(v4.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that the storage holds this kind of address.
            let v6 = unsafe { &*(&raw const *name).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddr::new(IpAddr::V6(ip), u16::from_be(v6.sin6_port)))
        }
        _ => None,
    }
}

/// Fills a buffer with random bytes of the system.
pub fn random(bytes: &mut [u8]) -> io::Result<()> {
    // SAFETY: the buffer is valid for writing for its length.
    let count = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    // Requests of up to 256 bytes are never cut short.
    if count == bytes.len() as isize { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Brings something that will be looked at soon nearer to the processor, where that can be asked for.
pub fn prefetch<T>(item: &T) {
    #[cfg(target_arch = "x86_64")]
    for offset in (0..size_of::<T>()).step_by(64) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: the address is inside the item; a prefetch reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T1>((&raw const *item).cast::<i8>().add(offset)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _unasked = item;
}

/// Wakes whoever polls this eventfd.
pub fn add_one(eventfd: BorrowedFd<'_>) {
    let one = 1_u64;
    // SAFETY: the value is valid for reading for its size. A full counter is awake already.
    unsafe { libc::write(eventfd.as_raw_fd(), (&raw const one).cast(), size_of::<u64>()) };
}

/// Lets an eventfd sleep again.
pub fn reset(eventfd: BorrowedFd<'_>) {
    let mut count = 0_u64;
    // SAFETY: the value is valid for writing for its size. An empty counter sleeps already.
    unsafe { libc::read(eventfd.as_raw_fd(), (&raw mut count).cast(), size_of::<u64>()) };
}
