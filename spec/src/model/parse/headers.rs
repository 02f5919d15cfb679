//! Both headers: fields with roles of fixed types, each role once.

use std::collections::HashMap;

use super::lower::{Context, defined_twice};
use super::raw::{Document, Field as RawField, Header as RawHeader};
use super::scalar::shorten;
use super::structs::{FieldType, field_type};
use super::type_text;
use crate::diagnostic::Finding;
use crate::model::{Field, Header, MessageRole, RingRole, Scalar, Type};
use crate::names::NameKind;
use crate::rules;
use crate::source::{Span, Spanned, Stated};

/// Bytes that `line: n` counts in unless the header states them.
const DEFAULT_LINE: u64 = 128;

/// Roles that tell rings of another layout.
const HASHES: [&str; 2] = [RingRole::LayoutHash.name(), RingRole::SchemaHash.name()];

/// The magic number of the spec, or the default one.
pub(super) fn magic(main: &Document, defaults: &Document, cx: &mut Context) -> Stated<u32> {
    let magic = main.magic.as_ref().or(defaults.magic.as_ref());
    let magic = magic.expect("the default spec states a magic number");
    let span = main.magic.as_ref().map(|magic| magic.span);
    match u32::try_from(magic.value) {
        Ok(value) if value != 0 => return Stated { value, span },
        Ok(_) => cx.report(
            Finding::new(rules::OUT_OF_RANGE, "the magic number 0")
                .at(magic.span, "is what an empty file starts with")
                .expected("1 to 0xFFFFFFFF"),
        ),
        Err(_) => cx.report(
            Finding::new(rules::OUT_OF_RANGE, format!("the magic number {}", magic.value))
                .at(magic.span, "does not fit u32")
                .expected("1 to 0xFFFFFFFF"),
        ),
    }
    Stated { value: 1, span }
}

/// What both kinds of roles have in common.
trait Role: Copy + PartialEq + 'static {
    const ALL: &'static [Self];
    const HEADER: &'static str;
    fn name(self) -> &'static str;
    fn is_optional(self) -> bool;
}

impl Role for RingRole {
    const ALL: &'static [Self] = Self::ALL;
    const HEADER: &'static str = "ring header";
    fn name(self) -> &'static str {
        self.name()
    }
    fn is_optional(self) -> bool {
        false
    }
}

impl Role for MessageRole {
    const ALL: &'static [Self] = Self::ALL;
    const HEADER: &'static str = "message header";
    fn name(self) -> &'static str {
        self.name()
    }
    fn is_optional(self) -> bool {
        self.is_optional()
    }
}

pub(super) fn ring(raw: &RawHeader, cx: &mut Context) -> Header<RingRole> {
    let fields = fields(raw, |role: RingRole| Some(role.scalar()), ring_field_type, cx);
    let line = raw.line.clone().map_or(Stated::default(DEFAULT_LINE), Stated::from);
    let header =
        Header { span: raw.span, doc: raw.doc.clone(), line, size: raw.size.clone(), fields };
    let names = header.fields.iter().map(|field| field.name.clone()).collect();
    cx.scopes.add_members("fields of the ring header", None, NameKind::Field, names);
    header
}

pub(super) fn message(raw: &RawHeader, flags: Scalar, cx: &mut Context) -> Header<MessageRole> {
    let scalar = |role: MessageRole| role.scalar().or(Some(flags));
    let fields = fields(raw, scalar, message_field_type, cx);
    let names = |kind| {
        let has_kind = move |field: &&Field<MessageRole>| match kind {
            NameKind::HeaderField => field.role.is_none(),
            _ => true,
        };
        fields.iter().filter(has_kind).map(|field| field.name.clone()).collect()
    };
    let (all, plain) = (names(NameKind::Field), names(NameKind::HeaderField));
    cx.scopes.add_members("fields of the message header", None, NameKind::Field, all);
    cx.scopes.add_members("fields of the message header", None, NameKind::HeaderField, plain);
    let line = Stated::default(0);
    let (doc, size) = (raw.doc.clone(), raw.size.clone());
    Header { span: raw.span, doc, line, size, fields }
}

/// The type of flags that the default message header has room for.
pub(super) fn default_flags(defaults: &Document) -> Scalar {
    let ty = defaults.flags.as_ref().and_then(|flags| flags.ty.as_ref());
    let scalar = ty.and_then(|ty| type_text::scalar(&ty.value));
    scalar.expect("the default spec states the type of its flags")
}

/// Types that the ring header may hold beside roles: whatever needs no other definition.
fn ring_field_type(ty: &Type) -> Option<&'static str> {
    let fits = match ty {
        Type::Scalar(_) | Type::Char(_) | Type::Bytes(_) => true,
        Type::Array(element, _) => matches!(**element, Type::Scalar(_)),
        Type::Enum(_) | Type::Struct(_) => false,
    };
    (!fits).then_some("a scalar, char[N], bytes[N] or an array of scalars")
}

/// Types that the message header may hold beside roles: what one store sets.
fn message_field_type(ty: &Type) -> Option<&'static str> {
    let fits = matches!(ty, Type::Scalar(_));
    (!fits).then_some("a scalar: u8 to u64, i8 to i64, f32, f64 or bool")
}

fn fields<R: Role>(
    raw: &RawHeader,
    scalar: impl Fn(R) -> Option<Scalar>,
    refused: impl Fn(&Type) -> Option<&'static str>,
    cx: &mut Context,
) -> Vec<Field<R>> {
    let mut names: HashMap<&str, Span> = HashMap::new();
    let mut roles: Vec<Spanned<R>> = Vec::new();
    let mut fields = Vec::new();
    for field in &raw.fields {
        let role = field.role.as_ref().and_then(|role| known_role::<R>(role, cx));
        if let Some(role) = &role {
            take_role(role, &mut roles, cx);
        }
        let Some(name) = &field.name else { continue };
        if let Some(first) = names.insert(&name.value, name.span) {
            cx.report(defined_twice("field", name, first));
            continue;
        }
        let ty = match field_type(field, cx) {
            Some(FieldType::Fixed(ty)) => ty,
            Some(FieldType::Tail(kind)) => {
                cx.report(bad_field_type::<R>(kind.span, "a type of a fixed size"));
                continue;
            }
            None => continue,
        };
        let expected = match &role {
            Some(role) => scalar(role.value)
                .filter(|scalar| ty.value != Type::Scalar(*scalar))
                .map(|scalar| (role.value.name(), scalar.name())),
            None => None,
        };
        if let Some((role, expected)) = expected {
            if let Some(finding) = narrow_cursor(role, &ty) {
                cx.report(finding);
                continue;
            }
            let message =
                format!("the role {role} on a field of type `{}`", shorten(&written(field)));
            cx.report(
                Finding::new(rules::ROLE_TYPE, message)
                    .at(ty.span, "has another type than the role")
                    .expected(expected),
            );
            continue;
        }
        if let Some(expected) = refused(&ty.value) {
            cx.report(bad_field_type::<R>(ty.span, expected));
            continue;
        }
        fields.extend(placed(field, name, ty, role, cx));
    }
    require_roles(raw, &roles, cx);
    fields
}

/// The type of a field as the text has it.
pub(super) fn written(field: &RawField) -> String {
    field.ty.as_ref().map(|ty| ty.value.trim().to_owned()).unwrap_or_default()
}

/// A cursor in less than 64 bits.
fn narrow_cursor(role: &str, ty: &Spanned<Type>) -> Option<Finding> {
    let is_cursor = [RingRole::WritePosition, RingRole::ReadPosition].map(RingRole::name);
    let Type::Scalar(scalar) = ty.value else { return None };
    let is_narrow = is_cursor.contains(&role) && scalar.is_unsigned() && scalar != Scalar::U64;
    is_narrow.then(|| {
        Finding::new(rules::NARROW_CURSOR, format!("`{role}` of {}", scalar.name()))
            .at(ty.span, "comes back to 0 while the ring is in use")
            .expected("u64, which never does")
    })
}

fn bad_field_type<R: Role>(span: Span, expected: &str) -> Finding {
    let message = format!("a field of the {} has a type that it cannot have", R::HEADER);
    Finding::new(rules::HEADER_FIELD, message).at(span, "not possible here").expected(expected)
}

fn known_role<R: Role>(role: &Spanned<String>, cx: &mut Context) -> Option<Spanned<R>> {
    let known = R::ALL.iter().find(|known| known.name() == role.value);
    if known.is_none() {
        let names = R::ALL.iter().map(|role| role.name());
        let message = format!("unknown role `{}`", shorten(&role.value));
        let mut finding = Finding::new(rules::UNKNOWN_ROLE, message)
            .at(role.span, format!("not a role of the {}", R::HEADER));
        if R::ALL.len() < 10 {
            finding = finding.expected(names.clone().collect::<Vec<_>>().join(", "));
        }
        cx.report(finding.did_you_mean(&role.value, names));
    }
    known.map(|known| Spanned::new(*known, role.span))
}

fn take_role<R: Role>(role: &Spanned<R>, taken: &mut Vec<Spanned<R>>, cx: &mut Context) {
    match taken.iter().find(|other| other.value == role.value) {
        Some(first) => cx.report(
            Finding::new(rules::ROLE_COUNT, format!("two fields are `{}`", role.value.name()))
                .at(role.span, "a second time")
                .also(first.span, "first here"),
        ),
        None => taken.push(role.clone()),
    }
}

fn require_roles<R: Role>(raw: &RawHeader, taken: &[Spanned<R>], cx: &mut Context) {
    let is_missing =
        |role: &&R| !role.is_optional() && !taken.iter().any(|taken| taken.value == **role);
    let missing = R::ALL.iter().filter(is_missing).map(|role| role.name());
    let is_hash = |role: &&str| HASHES.contains(role);
    let (hashes, missing): (Vec<_>, Vec<_>) = missing.partition(is_hash);
    if !hashes.is_empty() {
        let message = format!("the {} has no {}", R::HEADER, hashes.join(" and no "));
        cx.report(
            Finding::new(rules::NO_HASH, message)
                .at(raw.span, "cannot tell rings of another layout")
                .expected(format!("a field of type u64 with each of: {}", hashes.join(", "))),
        );
    }
    if !missing.is_empty() {
        let roles = if missing.len() == 1 { "a role" } else { "roles" };
        let message = format!("the {} lacks {roles}", R::HEADER);
        cx.report(
            Finding::new(rules::ROLE_COUNT, message)
                .at(raw.span, "has no field for some roles")
                .expected(format!("one field with each of: {}", missing.join(", "))),
        );
    }
}

fn placed<R>(
    raw: &RawField,
    name: &Spanned<String>,
    ty: Spanned<Type>,
    role: Option<Spanned<R>>,
    cx: &mut Context,
) -> Option<Field<R>> {
    let mut line = None;
    if let Some(stated) = &raw.line {
        match u64::try_from(stated.value) {
            Ok(value) if value < 1 << 20 => line = Some(Spanned::new(value, stated.span)),
            _ => {
                let finding = Finding::new(rules::OUT_OF_RANGE, format!("line {}", stated.value));
                cx.report(finding.at(stated.span, "out of range").expected("0 or more"));
                return None;
            }
        }
    }
    Some(Field {
        span: raw.span,
        name: name.clone(),
        doc: raw.doc.clone(),
        ty,
        written: written(raw),
        role,
        line,
        atomic: raw.atomic.clone(),
        offset: raw.offset.clone(),
        size: raw.size.clone(),
        align: raw.align.clone(),
        since: None,
    })
}
