//! When in a turn of 20 ms each stream and room is ticked.
//!
//! The turn is cut into slices, and each has its place in one of them, so that packets leave evenly and a
//! late start is short.

use media::time::Nanos;

/// Even, so that what has a 10 ms beat has its second place half a turn later.
const SLICES: usize = 10;
/// From one slice to the next.
pub const SLICE: Nanos = Nanos::from_ms(20 / SLICES as u64);

/// What is ticked, by its index in the shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A stream that is in no room.
    Stream(usize),
    /// A room with all its streams.
    Room(usize),
}

/// Where something is ticked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    slice: usize,
    /// Half a turn later too.
    pub twice: bool,
}

impl Place {
    fn slices(self) -> impl Iterator<Item = usize> {
        let second = (self.slice + SLICES / 2) % SLICES;
        std::iter::once(self.slice).chain(self.twice.then_some(second))
    }
}

/// The slices and what is in them.
#[derive(Debug, Default)]
pub struct Turns {
    slices: [Vec<Turn>; SLICES],
    /// How many streams each slice ticks, rooms counted by their seats.
    load: [usize; SLICES],
    /// The slice whose turn it is.
    now: usize,
}

impl Turns {
    /// What is ticked now.
    #[must_use]
    pub fn due(&self) -> &[Turn] {
        &self.slices[self.now]
    }

    /// Goes on to the next slice with something in it; how many slices that is. None when all are empty.
    pub fn advance(&mut self) -> Option<u64> {
        let is_busy = |step: &usize| !self.slices[(self.now + step) % SLICES].is_empty();
        let busy = (1..=SLICES).find(is_busy)?;
        self.now = (self.now + busy) % SLICES;
        Some(busy as u64)
    }

    /// Puts something in: where it was before or beside something, else into the slice with the fewest
    /// streams, the soonest of several.
    pub fn enter(&mut self, turn: Turn, beside: Option<Place>, twice: bool) -> Place {
        let slice = beside.map(|place| place.slice).or_else(|| {
            let soonest = (0..SLICES).map(|step| (self.now + step) % SLICES);
            soonest.min_by_key(|&slice| self.load[slice])
        });
        let place = Place { slice: slice.unwrap_or(0), twice };
        for slice in place.slices() {
            self.slices[slice].push(turn);
        }
        if matches!(turn, Turn::Stream(_)) {
            self.add_load(place, 1);
        }
        place
    }

    /// Takes something out.
    pub fn leave(&mut self, turn: Turn, place: Place) {
        for slice in place.slices() {
            self.slices[slice].retain(|&other| other != turn);
        }
        if matches!(turn, Turn::Stream(_)) {
            self.add_load(place, -1);
        }
    }

    /// Counts streams that a room brings into its place, or takes out of it.
    pub fn add_load(&mut self, place: Place, streams: isize) {
        for slice in place.slices() {
            self.load[slice] = self.load[slice].saturating_add_signed(streams);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is due in the slices of a turn, from the next one on.
    fn round(turns: &mut Turns) -> Vec<(u64, usize)> {
        let mut steps = 0;
        let mut seen = Vec::new();
        while let Some(step) = turns.advance() {
            steps += step;
            if steps > SLICES as u64 {
                break;
            }
            seen.push((steps, turns.due().len()));
        }
        seen
    }

    #[test]
    fn streams_are_spread_over_the_turn() {
        let mut turns = Turns::default();
        for stream in 0..SLICES {
            turns.enter(Turn::Stream(stream), None, false);
        }

        assert_eq!(round(&mut turns).len(), SLICES);
    }

    #[test]
    fn a_short_beat_comes_twice_a_turn() {
        let mut turns = Turns::default();
        turns.enter(Turn::Stream(1), None, true);

        assert_eq!(round(&mut turns), [(5, 1), (10, 1)]);
    }

    #[test]
    fn a_room_weighs_what_its_streams_weigh() {
        let mut turns = Turns::default();
        let room = turns.enter(Turn::Room(0), None, false);
        turns.add_load(room, 30);
        let beside: Vec<_> =
            (0..SLICES * 2).map(|n| turns.enter(Turn::Stream(n), None, false)).collect();

        assert!(beside.iter().all(|place| place.slice != room.slice));
    }

    #[test]
    fn what_left_is_not_ticked() {
        let mut turns = Turns::default();
        let place = turns.enter(Turn::Stream(1), None, true);
        turns.leave(Turn::Stream(1), place);

        assert_eq!(turns.advance(), None);
        assert_eq!(turns.load, [0; SLICES]);
    }
}
