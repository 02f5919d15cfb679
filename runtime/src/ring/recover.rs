//! Where a side goes on after another one of its role, which may have died anywhere.

use core::sync::atomic::Ordering;

use super::Memory;
use super::record::{Published, check, message_id};
use crate::constants::{START_LOOKS, WORD};
use crate::error::Corrupt;

/// Where a new producer goes on, and how many messages were sent before.
///
/// The dead one may have published records that it did not count any more: the walk finds them.
/// What it wrote without publishing lies behind a zero word and is overwritten. The result is
/// stored, the counter first, so that dying here changes nothing either.
pub(crate) fn producer_position<M: Memory>(
    memory: &M,
    capacity: u64,
) -> Result<(u64, u64), Corrupt> {
    let header = memory.ring_header();
    // Acquire: pairs with the release store in `Writer::publish`; the counter read next is at
    // least as new. (The role lock orders it as well.)
    let start = memory.load_u64(header.write_position, Ordering::Acquire);
    // Relaxed: ordered after the position by its acquire.
    let mut sent = memory.load_u64(header.messages_sent, Ordering::Relaxed);
    aligned(header.write_position, start, "write_position is not a multiple of 8")?;
    let (position, last_id) = walk(memory, capacity, start, None)?;
    if let Some(id) = last_id {
        // The 64-bit count whose low half follows the last id and that is not below the stored.
        sent = sent.wrapping_add(u64::from(id.wrapping_add(1).wrapping_sub(sent as u32)));
    }
    // Acquire: pairs with the release store in `Reader::flush`. Read after the walk, because a
    // consumer may have received what the walk found.
    let read = memory.load_u64(header.read_position, Ordering::Acquire);
    if read > position || position - read > capacity || !read.is_multiple_of(WORD) {
        return Err(Corrupt {
            position: header.read_position as u64,
            value: read,
            why: "read_position is not within a lap behind write_position",
        });
    }
    if position != start {
        // Relaxed, then release: the same order and pairing as in `Writer::publish`.
        memory.store_u64(header.messages_sent, sent, Ordering::Relaxed);
        memory.store_u64(header.write_position, position, Ordering::Release);
    }
    Ok((position, sent))
}

/// Where a new consumer goes on: at `read_position`, if that is a place where records start.
pub(crate) fn consumer_position<M: Memory>(memory: &M, capacity: u64) -> Result<u64, Corrupt> {
    let header = memory.ring_header();
    // Relaxed: only this role writes it, and the role lock orders it after the last holder.
    let read = memory.load_u64(header.read_position, Ordering::Relaxed);
    aligned(header.read_position, read, "read_position is not a multiple of 8")?;
    let mut bad = Corrupt { position: 0, value: 0, why: "" };
    for _ in 0..START_LOOKS {
        // Acquire: pairs with the release store in `Writer::publish`.
        let write = memory.load_u64(header.write_position, Ordering::Acquire);
        aligned(header.write_position, write, "write_position is not a multiple of 8")?;
        if write >= read && write - read <= capacity {
            return Ok(read);
        }
        if write.abs_diff(read) > capacity {
            let position = header.read_position as u64;
            return Err(Corrupt { position, value: read, why: "read_position is off by laps" });
        }
        // The last consumer had received what the producer has not counted yet, or died before
        // counting: then published records lead from there to here.
        match walk(memory, capacity, write, Some(read)) {
            Ok((position, _)) if position == read => return Ok(read),
            Ok(_) => {
                let position = header.read_position as u64;
                bad = Corrupt {
                    position,
                    value: read,
                    why: "read_position is beyond write_position",
                };
            }
            Err(corrupt) => bad = corrupt,
        }
        // A live producer may be writing over what the walk read: look again.
        std::thread::yield_now();
    }
    Err(bad)
}

/// Walks over published records from `start` to the first zero word, or until `target`; returns
/// where it stopped and the last message's id.
fn walk<M: Memory>(
    memory: &M,
    capacity: u64,
    start: u64,
    target: Option<u64>,
) -> Result<(u64, Option<u32>), Corrupt> {
    let mut position = start;
    let mut last_id = None;
    while Some(position) != target {
        // Acquire: pairs with the release store in `Writer::publish`.
        let word = memory.load_word(position, Ordering::Acquire);
        if word == 0 {
            break;
        }
        if position.wrapping_sub(start) >= capacity {
            return Err(Corrupt { position, value: word, why: "published records exceed a lap" });
        }
        match check(memory.message_header(), word, position, capacity)? {
            Published::Padding(rest) => position = position.wrapping_add(rest),
            Published::Message(record) => {
                last_id = Some(message_id(memory, position));
                position = record.end();
            }
        }
    }
    Ok((position, last_id))
}

fn aligned(field: usize, value: u64, why: &'static str) -> Result<(), Corrupt> {
    if value.is_multiple_of(WORD) {
        Ok(())
    } else {
        Err(Corrupt { position: field as u64, value, why })
    }
}
