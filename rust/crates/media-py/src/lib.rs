//! Python binding of the media core: type conversion only. The Python face is `voxgate.media`.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use media::codec::Law;
use media::event::Event;
use media::hearing::Replay;
use media::hearing::cadence::Kind;
use media::plan::Plan;
use media::play::Sound;
use media::tap::Mix;
use media::time::Nanos;
use media_io::engine::{Engine, EngineError, StreamHandle};
use media_io::record::RecordHandle;
use media_io::room::RoomHandle;
use media_io::shard::SeatAction;
use media_io::tap::{InjectHandle, TapHandle};
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

create_exception!(_core, NoPortsLeft, PyException, "All RTP ports are taken.");
create_exception!(_core, StreamClosed, PyException, "The stream or the engine has ended.");
create_exception!(_core, Overloaded, PyException, "Too much waits already.");

fn to_python(error: &EngineError) -> PyErr {
    let text = error.to_string();
    match error {
        EngineError::NoPortsLeft => NoPortsLeft::new_err(text),
        EngineError::Closed => StreamClosed::new_err(text),
        EngineError::Full(_) => Overloaded::new_err(text),
        EngineError::Plan(_) | EngineError::Digits(_) | EngineError::Rate | EngineError::Track => {
            PyValueError::new_err(text)
        }
        EngineError::System(error) => match error.raw_os_error() {
            Some(number) => PyOSError::new_err((number, text)),
            None => PyOSError::new_err(text),
        },
    }
}

fn parse_ip(field: &str, text: &str) -> PyResult<IpAddr> {
    text.parse().map_err(|_| PyValueError::new_err(format!("{field} is not an IP address")))
}

fn parse_samples(samples: &[u8]) -> PyResult<Vec<i16>> {
    let (pairs, rest) = samples.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(PyValueError::new_err("samples must be 16-bit, two bytes each"));
    }
    Ok(pairs.iter().copied().map(i16::from_le_bytes).collect())
}

fn parse_law(static_payload_type: u8) -> PyResult<Law> {
    Law::of_static_payload(static_payload_type)
        .ok_or_else(|| PyValueError::new_err("codec must be 0 (PCMU) or 8 (PCMA)"))
}

/// A sound encoded for one codec; streams share it.
#[pyclass(name = "Sound", frozen)]
struct PySound(Arc<Sound>);

#[pymethods]
impl PySound {
    #[new]
    fn new(py: Python<'_>, samples: &[u8], rate_hz: u32, codec: u8) -> PyResult<Self> {
        let law = parse_law(codec)?;
        if rate_hz == 0 {
            return Err(PyValueError::new_err("rate_hz must not be 0"));
        }
        let samples = parse_samples(samples)?;
        Ok(Self(py.detach(|| Arc::new(Sound::encode(&samples, rate_hz, law)))))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}

/// Owns the threads and ports.
#[pyclass(name = "Engine", frozen)]
struct PyEngine(Engine);

#[pymethods]
impl PyEngine {
    #[new]
    fn new(bind_ip: &str, low: u16, high: u16, shards: usize) -> PyResult<Self> {
        let ip = parse_ip("bind_ip", bind_ip)?;
        Engine::start(ip, low, high, shards).map(Self).map_err(|error| to_python(&error))
    }

    fn event_descriptor(&self) -> i32 {
        self.0.event_descriptor()
    }

    fn open(&self) -> PyResult<PyStream> {
        self.0.open().map(PyStream).map_err(|error| to_python(&error))
    }

    fn room(&self) -> PyResult<PyRoom> {
        self.0.room().map(PyRoom).map_err(|error| to_python(&error))
    }

    /// Everything that happened since the last time: (stream, kind, arguments).
    fn take_events<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Vec<(u64, &'static str, Bound<'py, PyTuple>)>> {
        self.0.take_events().into_iter().map(|(id, event)| describe(py, id, event)).collect()
    }

    /// Open streams, late ticks, packets sent, received and unsent, events dropped.
    fn stats(&self) -> (u64, u64, u64, u64, u64, u64) {
        let read = self.0.read();
        (
            read.open_streams,
            read.late_ticks,
            read.packets_sent,
            read.packets_received,
            read.packets_unsent,
            read.events_dropped,
        )
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.0.stop());
    }
}

fn describe(
    py: Python<'_>,
    id: u64,
    event: Event,
) -> PyResult<(u64, &'static str, Bound<'_, PyTuple>)> {
    let (kind, arguments) = match event {
        Event::DigitStarted(key) => ("digit_started", (key.to_char(),).into_pyobject(py)?),
        Event::Digit(digit) => {
            ("digit", (digit.key.to_char(), digit.duration_ms).into_pyobject(py)?)
        }
        Event::PlaybackFinished(end) => {
            ("playback", (end.id, end.played_ms, end.cut).into_pyobject(py)?)
        }
        Event::SpeechStarted { at_ms } => ("speech_started", (at_ms,).into_pyobject(py)?),
        Event::SpeechStopped { at_ms, speech_ms } => {
            ("speech_stopped", (at_ms, speech_ms).into_pyobject(py)?)
        }
        Event::VoiceStarted { at_ms } => ("voice_started", (at_ms,).into_pyobject(py)?),
        Event::VoiceStopped { at_ms, ms } => ("voice_stopped", (at_ms, ms).into_pyobject(py)?),
        Event::ToneHeard { at_ms } => ("tone_heard", (at_ms,).into_pyobject(py)?),
        Event::ToneStarted { kind, millihertz, variance, at_ms } => {
            let (hz, variance) = (f64::from(millihertz) / 1000.0, f64::from(variance) / 1000.0);
            ("tone_started", (name_of(kind), hz, at_ms, variance).into_pyobject(py)?)
        }
        Event::ToneStopped { kind, at_ms, ms } => {
            ("tone_stopped", (name_of(kind), at_ms, ms).into_pyobject(py)?)
        }
        Event::Silence { ms } => ("silence", (ms,).into_pyobject(py)?),
        Event::MediaTimeout { ms } => ("timeout", (ms as f64 / 1000.0,).into_pyobject(py)?),
        Event::FirstPacket { at_ms } => ("first_packet", (at_ms,).into_pyobject(py)?),
        Event::RemoteLatched { source } => {
            ("latched", (source.ip().to_string(), source.port()).into_pyobject(py)?)
        }
        Event::DigitsSent { id } => ("digits_sent", (id,).into_pyobject(py)?),
        Event::TapReady { id } => ("tap_ready", (id,).into_pyobject(py)?),
        Event::MarkPlayed { id, mark } => ("mark_played", (id, mark).into_pyobject(py)?),
        Event::InjectionDrained { id } => ("drained", (id,).into_pyobject(py)?),
        Event::RecordingFailed { id, error } => {
            ("recording_failed", (id, error).into_pyobject(py)?)
        }
    };
    Ok((id, kind, arguments))
}

const fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Beep => "beep",
        Kind::Ringback => "ringback",
        Kind::Busy => "busy",
        Kind::Dial => "dial",
        Kind::Information => "information",
    }
}

/// What a stream hears of recorded sound, for whoever wants to look at a call again.
#[pyclass(name = "Hearing")]
struct PyHearing(Box<Replay>);

#[pymethods]
impl PyHearing {
    #[new]
    fn new(codec: u8) -> PyResult<Self> {
        Ok(Self(Box::new(Replay::new(parse_law(codec)?))))
    }

    /// Hears 16-bit samples at 8 kHz, in packets of 20 ms: when each thing was told, its kind and arguments.
    fn hear<'py>(
        &mut self,
        py: Python<'py>,
        samples: &[u8],
    ) -> PyResult<Vec<(u64, &'static str, Bound<'py, PyTuple>)>> {
        let mut told = Vec::new();
        let (pairs, _) = samples.as_chunks::<2>();
        let samples = pairs.iter().copied().map(i16::from_le_bytes);
        py.detach(|| self.0.hear(samples, &mut |at_ms, event| told.push((at_ms, event))));
        told.into_iter().map(|(at_ms, event)| describe(py, at_ms, event)).collect()
    }
}

/// One room.
#[pyclass(name = "Room", frozen)]
struct PyRoom(RoomHandle);

#[pymethods]
impl PyRoom {
    #[getter]
    fn id(&self) -> u64 {
        self.0.id()
    }

    fn play(&self, sound: &PySound, loops: u32) -> PyResult<u64> {
        self.0.play(Arc::clone(&sound.0), loops).map_err(|error| to_python(&error))
    }

    fn queue(&self, sound: &PySound) -> PyResult<u64> {
        self.0.queue(Arc::clone(&sound.0)).map_err(|error| to_python(&error))
    }

    fn stop_playback(&self) -> PyResult<()> {
        self.0.stop_playback().map_err(|error| to_python(&error))
    }

    fn close(&self) {
        self.0.close();
    }
}

/// One stream.
#[pyclass(name = "Stream", frozen)]
struct PyStream(StreamHandle);

#[pymethods]
impl PyStream {
    #[getter]
    fn id(&self) -> u64 {
        self.0.id()
    }

    #[getter]
    fn port(&self) -> u16 {
        self.0.port()
    }

    #[pyo3(signature = (
        *, remote_ip, remote_port, remote_rtcp_port, codec, payload_type, dtmf_payload_type,
        dtmf_receive_payload_type, ptime_ms, send, receive, rtp_timeout_ms, latch, expected_ip,
    ))]
    #[expect(clippy::too_many_arguments, reason = "one keyword for each field of the plan")]
    fn connect(
        &self,
        remote_ip: &str,
        remote_port: u16,
        remote_rtcp_port: u16,
        codec: u8,
        payload_type: u8,
        dtmf_payload_type: Option<u8>,
        dtmf_receive_payload_type: Option<u8>,
        ptime_ms: u8,
        send: bool,
        receive: bool,
        rtp_timeout_ms: u64,
        latch: bool,
        expected_ip: Option<&str>,
    ) -> PyResult<()> {
        let ip = parse_ip("remote_ip", remote_ip)?;
        let plan = Plan {
            remote: SocketAddr::new(ip, remote_port),
            remote_rtcp: SocketAddr::new(ip, remote_rtcp_port),
            law: parse_law(codec)?,
            payload_type,
            dtmf_payload_type,
            dtmf_receive_payload_type,
            ptime_ms,
            send,
            receive,
            timeout: Nanos::from_ms(rtp_timeout_ms),
            latch,
            expected_ip: expected_ip.map(|text| parse_ip("expected_ip", text)).transpose()?,
        };
        self.0.connect(plan).map_err(|error| to_python(&error))
    }

    fn play(&self, sound: &PySound, loops: u32, offset_ms: u32) -> PyResult<u64> {
        self.0.play(Arc::clone(&sound.0), loops, offset_ms).map_err(|error| to_python(&error))
    }

    fn queue(&self, sound: &PySound) -> PyResult<u64> {
        self.0.queue(Arc::clone(&sound.0)).map_err(|error| to_python(&error))
    }

    fn stop_playback(&self) -> PyResult<()> {
        self.0.stop_playback().map_err(|error| to_python(&error))
    }

    fn send_digits(&self, digits: &str, duration_ms: u16, gap_ms: u16) -> PyResult<u64> {
        self.0.send_digits(digits, duration_ms, gap_ms).map_err(|error| to_python(&error))
    }

    fn gain(&self, inbound_db: f32, outbound_db: f32) -> PyResult<()> {
        self.0.set_gain(inbound_db, outbound_db).map_err(|error| to_python(&error))
    }

    fn play_on_track(
        &self,
        track: usize,
        sound: &PySound,
        loops: u32,
        gain_db: f32,
    ) -> PyResult<u64> {
        let done = self.0.play_on_track(track, Arc::clone(&sound.0), loops, gain_db);
        done.map_err(|error| to_python(&error))
    }

    fn queue_on_track(&self, track: usize, sound: &PySound) -> PyResult<u64> {
        self.0.queue_on_track(track, Arc::clone(&sound.0)).map_err(|error| to_python(&error))
    }

    fn set_track_gain(&self, track: usize, gain_db: f32) -> PyResult<()> {
        self.0.set_track_gain(track, gain_db).map_err(|error| to_python(&error))
    }

    fn silence_track(&self, track: usize) -> PyResult<()> {
        self.0.silence_track(track).map_err(|error| to_python(&error))
    }

    /// Takes a seat; gives its number.
    fn join(&self, room: &PyRoom, speaks: bool, hears: bool) -> PyResult<u64> {
        self.0.join(&room.0, speaks, hears).map_err(|error| to_python(&error))
    }

    fn leave(&self, seat: u64) -> PyResult<()> {
        self.act_on_seat(seat, SeatAction::Leave)
    }

    fn mute(&self, seat: u64, muted: bool) -> PyResult<()> {
        self.act_on_seat(seat, SeatAction::Mute(muted))
    }

    fn deafen(&self, seat: u64, deaf: bool) -> PyResult<()> {
        self.act_on_seat(seat, SeatAction::Deafen(deaf))
    }

    fn coach(&self, seat: u64, coached: Option<Vec<u64>>) -> PyResult<()> {
        self.act_on_seat(seat, SeatAction::Coach(coached.map(Vec::into_boxed_slice)))
    }

    fn relay_digits(&self, seat: u64, relays: bool) -> PyResult<()> {
        self.act_on_seat(seat, SeatAction::RelayDigits(relays))
    }

    fn watch_silence(&self, ms: u64) -> PyResult<()> {
        self.0.watch_silence(ms).map_err(|error| to_python(&error))
    }

    #[pyo3(signature = (*, on))]
    fn watch_tones(&self, on: bool) -> PyResult<()> {
        self.0.watch_tones(on).map_err(|error| to_python(&error))
    }

    fn age_ms(&self) -> u64 {
        self.0.age_ms()
    }

    fn start_capture(&self, limit_ms: u32) -> PyResult<()> {
        self.0.start_capture(limit_ms).map_err(|error| to_python(&error))
    }

    fn stop_capture(&self) -> PyResult<()> {
        self.0.stop_capture().map_err(|error| to_python(&error))
    }

    fn take_capture<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.take_capture())
    }

    fn tap(&self, mix: &str, rate_hz: u32, notice_ms: u32, limit_ms: u32) -> PyResult<PyTap> {
        let mix = match mix {
            "mono" => Mix::Mono,
            "mixed" => Mix::Mixed,
            "stereo" => Mix::Stereo,
            _ => return Err(PyValueError::new_err("mix must be mono, mixed or stereo")),
        };
        let tap = self.0.tap(mix, rate_hz, notice_ms, limit_ms);
        tap.map(PyTap).map_err(|error| to_python(&error))
    }

    fn inject(&self, rate_hz: u32, limit_ms: u32) -> PyResult<PyInjection> {
        let injection = self.0.inject(rate_hz, limit_ms);
        injection.map(PyInjection).map_err(|error| to_python(&error))
    }

    fn record(&self, py: Python<'_>, path: &str) -> PyResult<PyRecording> {
        let recording = py.detach(|| self.0.record_file(Path::new(path)));
        recording.map(PyRecording).map_err(|error| to_python(&error))
    }

    /// Packets and bytes sent, packets and bytes received, refused, lost, jitter in ms, round trip in ms,
    /// remote address and port, age of the last packet in ms, capture dropped in ms.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let read = self.0.read();
        let counters = read.counters;
        (
            counters.packets_sent,
            counters.bytes_sent,
            counters.packets_received,
            counters.bytes_received,
            counters.refused,
            read.lost,
            f64::from(read.jitter) / 8.0,
            read.round_trip_us.map(|us| us as f64 / 1000.0),
            read.remote.map(|remote| remote.ip().to_string()),
            read.remote.map(|remote| remote.port()),
            self.0.last_packet_age_ms(),
            self.0.capture_dropped_ms(),
        )
            .into_pyobject(py)
    }

    fn close(&self) {
        self.0.close();
    }
}

impl PyStream {
    fn act_on_seat(&self, seat: u64, action: SeatAction) -> PyResult<()> {
        self.0.act_on_seat(seat, action).map_err(|error| to_python(&error))
    }
}

/// 16-bit samples at another rate; both rates must be above zero.
#[pyfunction]
fn resample<'py>(
    py: Python<'py>,
    samples: &[u8],
    from_hz: u32,
    to_hz: u32,
) -> PyResult<Bound<'py, PyBytes>> {
    if from_hz == 0 || to_hz == 0 {
        return Err(PyValueError::new_err("rate_hz must not be 0"));
    }
    let samples = parse_samples(samples)?;
    let bytes: Vec<u8> = py.detach(|| {
        let changed = media::resample::resample(&samples, from_hz, to_hz);
        changed.into_iter().flat_map(i16::to_le_bytes).collect()
    });
    Ok(PyBytes::new(py, &bytes))
}

/// Listens in on a stream.
#[pyclass(name = "Tap", frozen)]
struct PyTap(TapHandle);

#[pymethods]
impl PyTap {
    #[getter]
    fn id(&self) -> u64 {
        self.0.id()
    }

    #[getter]
    fn dropped_ms(&self) -> u64 {
        self.0.dropped_ms()
    }

    fn take<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.take())
    }

    fn pause(&self, paused: bool) {
        self.0.pause(paused);
    }

    fn close(&self) {
        self.0.close();
    }
}

/// Plays on a stream what is delivered piece by piece.
#[pyclass(name = "Injection", frozen)]
struct PyInjection(InjectHandle);

#[pymethods]
impl PyInjection {
    #[getter]
    fn id(&self) -> u64 {
        self.0.id()
    }

    #[getter]
    fn waiting_ms(&self) -> u64 {
        self.0.waiting_ms()
    }

    fn write(&self, samples: &[u8]) -> PyResult<()> {
        self.0.write(&parse_samples(samples)?).map_err(|error| to_python(&error))
    }

    fn mark(&self, mark: u64) -> PyResult<()> {
        self.0.mark(mark).map_err(|error| to_python(&error))
    }

    fn clear(&self) -> PyResult<()> {
        self.0.clear().map_err(|error| to_python(&error))
    }

    fn close(&self) {
        self.0.close();
    }
}

/// Writes both sides of a stream into a file.
#[pyclass(name = "Recording", frozen)]
struct PyRecording(RecordHandle);

#[pymethods]
impl PyRecording {
    #[getter]
    fn id(&self) -> u64 {
        self.0.id()
    }

    #[getter]
    fn written_ms(&self) -> u64 {
        self.0.written_ms()
    }

    #[getter]
    fn dropped_ms(&self) -> u64 {
        self.0.dropped_ms()
    }

    #[getter]
    fn error(&self) -> Option<i32> {
        self.0.error()
    }

    fn pause(&self, paused: bool) {
        self.0.pause(paused);
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.0.stop());
    }
}

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::{
        NoPortsLeft, Overloaded, PyEngine, PyHearing, PyInjection, PyRecording, PyRoom, PySound,
        PyStream, PyTap, StreamClosed, resample,
    };
}
