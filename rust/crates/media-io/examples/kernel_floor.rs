//! What the kernel alone costs: a bare loop that sends and receives one packet a stream every 20 ms.
//!
//!     kernel_floor STREAMS FIRST_PORT PEER_PORT
//!
//! Everything on 127.0.0.1, one connected socket a stream on every second port, all facing one peer. Runs
//! until its standard input ends; how much CPU it took is for the caller to read.

#![allow(unsafe_code)]

use std::io::Read;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const PACKET_LEN: usize = 172;

fn main() -> std::io::Result<()> {
    let arguments: Vec<u16> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let &[streams, first_port, peer_port] = arguments.as_slice() else {
        return Err(std::io::Error::other("usage: kernel_floor STREAMS FIRST_PORT PEER_PORT"));
    };
    let mut sockets = Vec::new();
    for stream in 0..streams {
        let socket = UdpSocket::bind(("127.0.0.1", first_port + 2 * stream))?;
        socket.connect(("127.0.0.1", peer_port))?;
        socket.set_nonblocking(true)?;
        sockets.push(socket);
    }
    println!("ready");
    let over = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&over);
    std::thread::spawn(move || {
        let _end = std::io::stdin().read_to_end(&mut Vec::new());
        flag.store(true, Ordering::Relaxed);
    });
    turn(&sockets, &over);
    Ok(())
}

/// Ticks until it is over.
fn turn(sockets: &[UdpSocket], over: &AtomicBool) {
    let mut packet = [0xFF_u8; PACKET_LEN];
    packet[0] = 0x80;
    packet[1] = 0;
    let mut heard = [0_u8; 2048];
    let mut deadline = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `deadline` is valid for writing.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut deadline) };
    let mut sequence = 0_u16;
    while !over.load(Ordering::Relaxed) {
        sequence = sequence.wrapping_add(1);
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
        for socket in sockets {
            let fd = socket.as_raw_fd();
            // SAFETY: both buffers are valid for the length given, the socket is open.
            unsafe {
                while libc::recv(fd, heard.as_mut_ptr().cast(), heard.len(), 0) > 0 {}
                libc::send(fd, packet.as_ptr().cast(), packet.len(), 0);
            }
        }
        deadline.tv_nsec += 20_000_000;
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_nsec -= 1_000_000_000;
            deadline.tv_sec += 1;
        }
        // SAFETY: `deadline` is valid for reading; the remaining time is not asked for.
        unsafe {
            libc::clock_nanosleep(
                libc::CLOCK_MONOTONIC,
                libc::TIMER_ABSTIME,
                &raw const deadline,
                std::ptr::null_mut(),
            )
        };
    }
}
