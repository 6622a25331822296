//! Two streams of one engine talk to each other over real sockets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::codec::Law;
use media::event::Event;
use media::plan::Plan;
use media::play::Sound;
use media::time::Nanos;
use media_io::engine::{Engine, EngineError, StreamHandle};

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const WAIT: Duration = Duration::from_secs(15);

fn engine(low: u16, high: u16) -> Engine {
    Engine::start(LOOPBACK, low, high, 1).unwrap()
}

fn plan_to(far: &StreamHandle) -> Plan {
    Plan {
        remote: SocketAddr::new(LOOPBACK, far.port()),
        remote_rtcp: SocketAddr::new(LOOPBACK, far.port() + 1),
        law: Law::Mu,
        payload_type: 0,
        dtmf_payload_type: Some(101),
        dtmf_receive_payload_type: Some(101),
        ptime_ms: 20,
        send: true,
        receive: true,
        timeout: Nanos(0),
        latch: true,
        expected_ip: None,
    }
}

/// Looks until it is so; panics when that takes too long.
fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < WAIT, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn digits_and_sound_cross_between_two_streams() {
    let engine = engine(30_900, 30_903);
    let (near, far) = (engine.open().unwrap(), engine.open().unwrap());
    near.connect(plan_to(&far)).unwrap();
    far.connect(plan_to(&near)).unwrap();
    far.start_capture(60_000).unwrap();
    let sound = Arc::new(Sound::encode(&[9000; 1600], 8000, Law::Mu));
    let playback = near.play(sound, 1, 0).unwrap();
    near.send_digits("42", 60, 60).unwrap();

    let mut events = Vec::new();
    until(|| {
        events.extend(engine.take_events());
        events.iter().any(|(_, event)| matches!(event, Event::PlaybackFinished(_)))
    });
    until(|| far.read().counters.packets_received >= near.read().counters.packets_sent);
    events.extend(engine.take_events());

    let digits: String = events
        .iter()
        .filter_map(|(id, event)| match event {
            Event::Digit(digit) if *id == far.id() => Some(digit.key.to_char()),
            _ => None,
        })
        .collect();
    assert_eq!(digits, "42");
    let end = events.iter().find_map(|(_, event)| match event {
        Event::PlaybackFinished(end) => Some(*end),
        _ => None,
    });
    assert_eq!(end.map(|end| (end.id, end.played_ms)), Some((playback, 200)));
    let loud = far.take_capture().chunks_exact(2).filter(|pair| pair[1] > 0x20).count();
    assert!(loud >= 1440, "{loud} samples were loud");
}

#[test]
fn closing_frees_the_ports_and_stopping_ends_everything() {
    let engine = engine(30_910, 30_911);
    let only = engine.open().unwrap();
    assert!(matches!(engine.open(), Err(EngineError::NoPortsLeft)));
    only.close();
    assert!(matches!(only.stop_playback(), Err(EngineError::Closed)));
    until(|| engine.read().open_streams == 0);
    let _again = engine.open().unwrap();

    engine.stop();
    engine.stop();
    assert_eq!(engine.read().open_streams, 0);
}

#[test]
fn a_dropped_handle_closes_its_stream() {
    let engine = engine(30_920, 30_921);
    drop(engine.open().unwrap());

    until(|| engine.read().open_streams == 0);
}

#[test]
fn digits_are_refused_where_nobody_would_understand_them() {
    let engine = engine(30_930, 30_933);
    let (near, far) = (engine.open().unwrap(), engine.open().unwrap());
    assert!(matches!(near.send_digits("1", 60, 60), Err(EngineError::Digits(_))));
    near.connect(plan_to(&far)).unwrap();

    assert!(matches!(near.send_digits("1x", 60, 60), Err(EngineError::Digits(_))));
    assert!(near.send_digits("1", 60, 60).is_ok());
}

#[test]
fn a_plan_of_another_address_family_is_refused() {
    let engine = engine(30_940, 30_941);
    let near = engine.open().unwrap();
    let remote = "[::1]:4000".parse().unwrap();
    let plan = Plan { remote, ..plan_to(&near) };

    let Err(EngineError::Plan(error)) = near.connect(plan) else { panic!("it was accepted") };
    assert_eq!(error.field, "remote_ip");
}
