//! What no caller hears of, and somebody should.

/// Tells it to the program's logger, or to standard error where the program has none.
macro_rules! notice {
    ($($message:tt)+) => {
        match log::max_level() {
            log::LevelFilter::Off => eprintln!("bitrpc: {}", format_args!($($message)+)),
            _ => log::error!($($message)+),
        }
    };
}
