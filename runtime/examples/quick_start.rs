//! Both sides of a ring in one program: `cargo run -p bitrpc-shm --example quick_start`.
//!
//! Real programs get the layout from generated code; here it is written by hand.

#[path = "../tests/common/layout.rs"]
mod layout;

use std::error::Error;

use bitrpc_shm::{Consumer, Options, Producer, ReceiveError};
use layout::Default as Protocol;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::new().directory(std::env::temp_dir()).capacity(1 << 16);
    let name = format!("quick_start.{}", std::process::id());

    let mut consumer = Consumer::<Protocol>::open(&name, &options)?;
    let sender = std::thread::spawn(move || -> Result<(), bitrpc_shm::Error> {
        let mut producer = Producer::<Protocol>::create(&name, &options)?;
        producer.send_string("hello")?;
        producer.send_batch((1..=3u32).map(|i| (1000 + i, i.to_le_bytes())))?;
        let mut claim = producer.claim(2000u32, 16)?;
        claim.fill(7);
        claim.commit();
        Ok(())
    });

    loop {
        match consumer.receive(None) {
            Ok(Some(message)) => {
                println!(
                    "#{} type {}: {:?}",
                    message.message_id(),
                    message.message_type(),
                    message.payload()
                );
            }
            Ok(None) => unreachable!("there is no timeout"),
            Err(ReceiveError::Closed) => break,
            Err(error) => return Err(error.into()),
        }
    }
    println!("{:#?}", consumer.statistics());
    sender.join().expect("the sender does not panic")?;
    Ok(())
}
