{%- for line in view.doc %}
//{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
//
// One producer process sends messages to one consumer process through memory that both map. This
// header is all that is needed: C++17, the standard library and a 64-bit operating system. It works
// without exceptions and RTTI, and before and after <windows.h> and the headers of Qt and X11.
//
//     auto producer = create_producer("prices", 1 << 20);     // one process
//     if (!producer) return fail(last_error().message());
//     if (Status sent = producer->send_string("hello"); !sent) return fail(sent.name());
//
//     auto consumer = create_consumer("prices", 1 << 20);     // the other; either may start first
//     std::string text;
//     while (consumer->receive_string(text)) show(text);
//
// What is where: results and errors, constants and headers, what the spec defines (in `messages`),
// Timeout, Options, RingBuffer, Statistics, messages, Claim and BatchWriter, SharedMemoryProducer,
// SharedMemoryConsumer, SharedMemoryManager, Monitor, and the factories at the end. Everything in
// `detail` may change.
//
// The file
//
// A ring is one file: `{{ view.protocol.file_prefix }}<name>` in BITRPC_SHM_DIR if that is set, else in /dev/shm
// (Linux), $TMPDIR (macOS) or %LOCALAPPDATA%\BitRPC (Windows). Linux is what this is tested on; the
// Windows part is compiled, the macOS part only written, and neither is run.
//
//     +-----------------------+---------------------------------------------------------+
//     | ring header           | data area: capacity bytes, a power of two               |
//     +-----------------------+---------------------------------------------------------+
//     0                       {{ view.ring_header.size }}
//
// Whoever opens it finds an identity (magic, version, hashes, sizes) that must match, and takes a
// role by a lock on a byte far behind the data, which the system drops however the process ends.
// The process with the lock is alive; heartbeats only say whether it is stalled.
//
// A record is a header and a payload, padded to 8 bytes, and never crosses the end of the data:
//
{%- for line in view.message_header.diagram %}
//     {{ line }}
{%- endfor %}
//     payload, then zeros up to a multiple of 8
//
// Its first 8 bytes, length and type, are one word. The producer writes everything else, zeroes the
// word behind the record, and then stores that word with release: this publishes the record. The
// consumer loads the word at its position with acquire: 0 is empty. Type 0 is padding up to the end
// of the data. Messages that were published survive their producer; a new one goes on behind them.
// A consumer that dies gets what it had not released again.
//
// Trust: who may open the file may write into it: its owner and permissions are the border. Behind
// it every length, type, position and text is checked, and nothing that a peer writes makes this
// process crash or touch memory outside the ring. Only one thing is trusted: that the bytes of a
// published message stay as they are until it is released. Who does not trust that copies first.
