//! Both headers: lines, sizes, the publication word.

use super::Subject;
use crate::diagnostic::Finding;
use crate::layout::header::{
    MAX_MESSAGE_HEADER, MAX_RING_HEADER, PAGE, is_line, least_message, least_ring, line_of,
    message_size, ring_size,
};
use crate::layout::place::Place;
use crate::model::{Field, MessageRole, RingRole, Type, Writer};
use crate::rules;

/// E028, as far as it is about the default message header: the type of its flags.
pub(super) fn flags_type(subject: &Subject, findings: &mut Vec<Finding>) {
    let (spec, flags) = (subject.spec, &subject.spec.flags.scalar);
    let fields = &spec.message_header.fields;
    let is_flags = |field: &&Field<MessageRole>| {
        field.role.as_ref().is_some_and(|role| role.value == MessageRole::Flags)
    };
    let Some(Type::Scalar(default)) = fields.iter().find(is_flags).map(|field| &field.ty.value)
    else {
        return;
    };
    let is_default = spec.sources.is_built_in(spec.message_header.span.source);
    if !is_default || flags.value == *default {
        return;
    }
    let name = flags.value.name();
    let message = format!("flags of type `{name}` without a `message_header`");
    findings.push(
        Finding::new(rules::ROLE_TYPE, message)
            .at(flags.span, "does not fit the default")
            .expected(format!("{}, or a `message_header` of its own", default.name()))
            .help(format!("give it a field with `role: flags` and `type: {name}`")),
    );
}

/// L107, as far as it is about header fields: `atomic` where the engine never looks.
pub(super) fn atomic_without_role(subject: &Subject, findings: &mut Vec<Finding>) {
    for field in subject.spec.ring_header.fields.iter().filter(|field| field.role.is_none()) {
        let Some(atomic) = field.atomic.as_ref().filter(|atomic| atomic.value) else { continue };
        let finding = Finding::new(rules::NO_EFFECT, "`atomic` on a field without a role");
        findings.push(finding.at(atomic.span, "has no effect: the engine never touches the field"));
    }
}

/// L204: fields with a role that are stated not to be atomic.
pub(super) fn not_atomic(subject: &Subject, findings: &mut Vec<Finding>) {
    for field in &subject.spec.ring_header.fields {
        let (Some(role), Some(atomic)) = (&field.role, &field.atomic) else { continue };
        if !atomic.value {
            let message = format!("`{}` is not atomic", role.value.name());
            findings.push(
                Finding::new(rules::NOT_ATOMIC, message)
                    .at(atomic.span, "both sides look at the field")
                    .expected("true, or nothing: fields with a role are atomic"),
            );
        }
    }
}

/// L201: lines that both sides write: each store of one would take the line from the other.
pub(super) fn shared_lines(subject: &Subject, findings: &mut Vec<Finding>) {
    let line = line_of(&subject.spec.ring_header);
    let fields = subject.ring_standing();
    let mut rest = &fields[..];
    while let Some((_, first)) = rest.first() {
        let number = first.offset / line;
        let length = rest.iter().take_while(|(_, place)| place.offset / line == number).count();
        let (here, others) = rest.split_at(length);
        rest = others;
        findings.extend(shared_line(number, here));
    }
}

/// What is wrong with the line of this number, and the fields that start on it.
fn shared_line(number: u64, fields: &[(&Field<RingRole>, &Place)]) -> Option<Finding> {
    let written_by = |writer: Writer| {
        let role = |field: &&Field<RingRole>| field.role.as_ref().map(|role| role.value);
        let fields = fields.iter().map(|(field, _)| *field);
        let with_role = fields.filter_map(move |field| Some((field, role(&field)?)));
        with_role.filter(|(_, role)| role.writer() == writer).collect::<Vec<_>>()
    };
    let (sends, receives) = (written_by(Writer::Producer), written_by(Writer::Consumer));
    let ((a, a_role), (b, b_role)) = (sends.first()?, receives.first()?);
    let is_wake_pair =
        sends.len() == 1 && receives.len() == 1 && a_role.wake_partner() == Some(*b_role);
    (!is_wake_pair).then(|| {
        Finding::new(rules::SHARED_LINE, format!("both sides write line {number}"))
            .at(b.name.span, "written by the consumer")
            .also(a.name.span, "written by the producer")
            .expected("each line is written by one side, but for the two wake pairs")
            .help("give the fields different `line:` numbers")
    })
}

/// L208: the sizes of lines and of the ring header.
pub(super) fn data_area(subject: &Subject, findings: &mut Vec<Finding>) {
    let header = &subject.spec.ring_header;
    if let Some(span) = header.line.span.filter(|_| !is_line(header.line.value)) {
        findings.push(
            Finding::new(rules::DATA_AREA, format!("lines of {} bytes", header.line.value))
                .at(span, "not a power of two from 64 to 4096")
                .expected("128, or the size that the target processors fetch together"),
        );
    }
    for (field, place) in header.fields.iter().zip(&subject.ring) {
        if place.end > MAX_RING_HEADER {
            let message = format!("`{}` lies too far", field.name.value);
            findings.push(
                Finding::new(rules::DATA_AREA, message)
                    .at(field.name.span, format!("ends at {}", place.end))
                    .expected(format!("a ring header of at most {MAX_RING_HEADER} bytes")),
            );
        }
    }
    let end = subject.ring_standing().last().map_or(0, |(_, place)| place.end);
    let Some(stated) = header.size.as_ref().filter(|_| ring_size(header, end).is_none()) else {
        return;
    };
    let least = least_ring(end);
    findings.push(
        Finding::new(rules::DATA_AREA, format!("a ring header of {} bytes", stated.value))
            .at(stated.span, format!("the fields end at {end}"))
            .expected(format!("a multiple of {PAGE} from {least} to {MAX_RING_HEADER}")),
    );
}

/// L207: the size of the message header.
pub(super) fn record_size(subject: &Subject, findings: &mut Vec<Finding>) {
    let header = &subject.spec.message_header;
    let end = subject.message_end();
    let least = least_message(end);
    let (value, span) = match &header.size {
        Some(stated) => (stated.value, stated.span),
        None => (least, header.span),
    };
    let fits = header.size.is_none() && least <= MAX_MESSAGE_HEADER;
    if fits || message_size(header, end).is_some() {
        return;
    }
    findings.push(
        Finding::new(rules::RECORD_SIZE, format!("a message header of {value} bytes"))
            .at(span, format!("the fields end at {end}"))
            .expected(format!("a multiple of 8 from {least} to {MAX_MESSAGE_HEADER}")),
    );
}

/// L212: the first 8 bytes of a record are stored as one word, which publishes it.
pub(super) fn publication_word(subject: &Subject, findings: &mut Vec<Finding>) {
    for role in [MessageRole::FrameLength, MessageRole::MessageType] {
        let plays = |field: &Field<MessageRole>| {
            field.role.as_ref().is_some_and(|found| found.value == role)
        };
        let mut standing = subject.message_in_text().filter(|(_, _, before)| before.is_none());
        let Some((field, place, _)) = standing.find(|(field, ..)| plays(field)) else { continue };
        if place.offset <= 4 {
            continue;
        }
        let message = format!("{} lies outside the publication word", role.name());
        findings.push(
            Finding::new(rules::PUBLICATION_WORD, message)
                .at(field.name.span, format!("stands at offset {}", place.offset))
                .expected("frame_length and message_type in the bytes 0 to 7, in either order"),
        );
    }
}
