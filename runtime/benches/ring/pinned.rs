//! Which processor runs which process.

/// Pins this process to one of the processors that it may use, counted from 0; does nothing where
/// the system has no such call or too few processors.
pub(crate) fn pin(index: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: cpu_set_t is a plain bit set for which zero is a value; both calls get a valid
    // pointer and the set's size.
    unsafe {
        let mut allowed: libc::cpu_set_t = core::mem::zeroed();
        let size = size_of::<libc::cpu_set_t>();
        if libc::sched_getaffinity(0, size, &mut allowed) != 0 {
            return;
        }
        let processors = (0..libc::CPU_SETSIZE as usize).filter(|&c| libc::CPU_ISSET(c, &allowed));
        let Some(processor) = processors.clone().nth(index) else { return };
        let mut one: libc::cpu_set_t = core::mem::zeroed();
        libc::CPU_SET(processor, &mut one);
        libc::sched_setaffinity(0, size, &one);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = index;
}
