//! What a third process reads of a ring.

use bitrpc_shm::{Options, PeerState};

use crate::protocol::Monitor;
use crate::Failure;

/// Prints the counters and states of the ring.
pub fn print(name: &str) -> Result<(), Failure> {
    let monitor = Monitor::open(name, &Options::new())?;
    let snapshot = monitor.snapshot();
    let statistics = &snapshot.statistics;
    let numbers = [
        ("messages_sent", statistics.messages_sent),
        ("messages_received", statistics.messages_received),
        ("bytes_sent", statistics.bytes_sent),
        ("bytes_received", statistics.bytes_received),
        ("errors", statistics.errors),
        ("send_failures", snapshot.send_failures),
        ("receive_errors", snapshot.receive_errors),
        ("producer_missed_wakeups", snapshot.producer.missed_wakeups),
        ("consumer_missed_wakeups", snapshot.consumer.missed_wakeups),
        ("used", snapshot.used_bytes),
        ("capacity", snapshot.capacity),
    ];
    let numbers: Vec<_> = numbers
        .iter()
        .map(|(name, number)| format!("\"{name}\":{number}"))
        .collect();
    println!(
        "{{\"ok\":true,{},\"avg_message_size\":{:.6},\"producer_state\":\"{}\",\
         \"consumer_state\":\"{}\"}}",
        numbers.join(","),
        statistics.avg_message_size,
        word(snapshot.producer.state),
        word(snapshot.consumer.state)
    );
    Ok(())
}

/// What the header says of a side, whatever became of its process.
fn word(state: PeerState) -> &'static str {
    match state {
        PeerState::Never => "never",
        PeerState::Closed => "closed",
        PeerState::Alive | PeerState::Stalled | PeerState::Died => "attached",
    }
}
