//! Records out of a compiler's debug information.

use std::collections::BTreeMap;
use std::path::Path;

use gimli::{AttributeValue, EndianSlice, RunTimeEndian};
use object::{Object, ObjectSection};

use super::bits::{self, BitField};
use super::{Enum, Kind, Member, Record};
use bitrpc_spec::model::Scalar;

type Slice<'a> = EndianSlice<'a, RunTimeEndian>;
type Fault = Box<dyn std::error::Error>;

/// Types in types deeper than this are taken for a circle: no compiler writes them.
const MAX_DEPTH: u32 = 64;

/// Every complete record of `data`, an object file; `file` is the one that they are asked of.
pub(super) fn records(data: &[u8], file: &Path) -> Result<Vec<Record>, Fault> {
    let object = object::File::parse(data)?;
    let endian = if object.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let section = |id: gimli::SectionId| match object.section_by_name(id.name()) {
        Some(section) => section.data(),
        None => Ok(&[][..]),
    };
    let sections = gimli::DwarfSections::load(section)?;
    let dwarf = sections.borrow(|section| EndianSlice::new(section, endian));
    let mut records = Vec::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let unit = dwarf.unit(header)?;
        let reader = Reader { entries: entries(&dwarf, &unit)?, file };
        reader.add_records(&mut records);
    }
    records.sort_by(|a: &Record, b| a.name.cmp(&b.name));
    records.dedup_by(|a, b| a.name == b.name);
    Ok(records)
}

/// One entry of the debug information, with the attributes that matter here.
struct Entry {
    tag: gimli::DwTag,
    parent: Option<usize>,
    children: Vec<usize>,
    name: String,
    /// Where its type is.
    ty: Option<usize>,
    size: Option<u64>,
    location: Option<u64>,
    /// First bit from the start of the record, and number of bits.
    bits: Option<(u64, u64)>,
    /// Elements of an array in this dimension.
    count: Option<u64>,
    encoding: Option<gimli::DwAte>,
    value: Option<i128>,
    is_declaration: bool,
    file: String,
}

/// All entries of a unit, by where they are.
fn entries(
    dwarf: &gimli::Dwarf<Slice>,
    unit: &gimli::Unit<Slice>,
) -> Result<BTreeMap<usize, Entry>, Fault> {
    let mut all: BTreeMap<usize, Entry> = BTreeMap::new();
    // The entries that the next one may be a child of, outermost first.
    let mut open: Vec<usize> = Vec::new();
    let mut cursor = unit.entries();
    while let Some(die) = cursor.next_dfs()? {
        open.truncate(usize::try_from(die.depth).unwrap_or(0));
        let parent = open.last().copied();
        let at = die.offset().0;
        if let Some(parent) = parent.and_then(|parent| all.get_mut(&parent)) {
            parent.children.push(at);
        }
        all.insert(at, entry(dwarf, unit, die, parent));
        open.push(at);
    }
    Ok(all)
}

fn entry(
    dwarf: &gimli::Dwarf<Slice>,
    unit: &gimli::Unit<Slice>,
    die: &gimli::DebuggingInformationEntry<Slice>,
    parent: Option<usize>,
) -> Entry {
    let number = |name| die.attr(name).and_then(gimli::Attribute::udata_value);
    let text = |value| {
        let text = dwarf.attr_string(unit, value).ok()?;
        Some(text.to_string_lossy().into_owned())
    };
    let ty = match die.attr_value(gimli::DW_AT_type) {
        Some(AttributeValue::UnitRef(offset)) => Some(offset.0),
        _ => None,
    };
    let value = die.attr(gimli::DW_AT_const_value).and_then(|value| match value.sdata_value() {
        Some(value) => Some(i128::from(value)),
        None => value.udata_value().map(i128::from),
    });
    // Some compilers give the last index of an array, -1 where it is empty, others the number.
    let elements = number(gimli::DW_AT_upper_bound).map(|last| last.wrapping_add(1));
    let encoding = match die.attr_value(gimli::DW_AT_encoding) {
        Some(AttributeValue::Encoding(encoding)) => Some(encoding),
        _ => None,
    };
    Entry {
        tag: die.tag(),
        parent,
        children: Vec::new(),
        name: die.attr_value(gimli::DW_AT_name).and_then(text).unwrap_or_default(),
        ty,
        size: number(gimli::DW_AT_byte_size),
        location: number(gimli::DW_AT_data_member_location),
        bits: number(gimli::DW_AT_data_bit_offset).zip(number(gimli::DW_AT_bit_size)),
        count: number(gimli::DW_AT_count).or(elements),
        encoding,
        value,
        is_declaration: die.attr(gimli::DW_AT_declaration).is_some(),
        file: file_of(dwarf, unit, die).unwrap_or_default(),
    }
}

/// The name of the file that declares the entry, without its folders.
fn file_of(
    dwarf: &gimli::Dwarf<Slice>,
    unit: &gimli::Unit<Slice>,
    die: &gimli::DebuggingInformationEntry<Slice>,
) -> Option<String> {
    let AttributeValue::FileIndex(index) = die.attr_value(gimli::DW_AT_decl_file)? else {
        return None;
    };
    let file = unit.line_program.as_ref()?.header().file(index)?;
    let path = dwarf.attr_string(unit, file.path_name()).ok()?.to_string_lossy().into_owned();
    path.rsplit(['/', '\\']).next().map(str::to_owned)
}

/// The members of a record in the making.
#[derive(Default)]
struct Found {
    members: Vec<Member>,
    bits: Vec<BitField>,
}

/// Turns the entries of one unit into records.
struct Reader<'a> {
    entries: BTreeMap<usize, Entry>,
    file: &'a Path,
}

impl Reader<'_> {
    fn add_records(&self, records: &mut Vec<Record>) {
        for (at, entry) in &self.entries {
            let is_record = is_record(entry.tag) && !entry.is_declaration;
            let (true, Some(size)) = (is_record, entry.size) else { continue };
            let Some(name) = self.name_of_type(*at) else { continue };
            let mut found = Found::default();
            self.add_members(entry, 0, 0, &mut found);
            let members = bits::join(found.members, found.bits);
            let is_own = self.file.file_name().is_some_and(|name| *name == *entry.file);
            records.push(Record { name, size, members, is_own });
        }
    }

    /// Base classes and members without a name are flattened: their members stand in the record.
    fn add_members(&self, record: &Entry, base: u64, depth: u32, found: &mut Found) {
        for child in record.children.iter().filter_map(|at| self.entries.get(at)) {
            // A static member has no place, and a union's members need not state theirs.
            let place = child.location.or((record.tag == gimli::DW_TAG_union_type).then_some(0));
            let inner = child.ty.and_then(|at| self.stripped(at));
            let offset = base + place.unwrap_or(0);
            match child.tag {
                gimli::DW_TAG_inheritance if depth < MAX_DEPTH => {
                    if let Some(inner) = inner {
                        self.add_members(inner, offset, depth + 1, found);
                    }
                }
                gimli::DW_TAG_member if child.bits.is_some() => {
                    let size = inner.and_then(|ty| ty.size).unwrap_or(0);
                    let field = |(first, count)| BitField {
                        name: child.name.clone(),
                        first: base * 8 + first,
                        count,
                        size,
                    };
                    found.bits.extend(child.bits.map(field));
                }
                gimli::DW_TAG_member if place.is_some() => match inner {
                    Some(inner)
                        if child.name.is_empty()
                            && inner.tag != gimli::DW_TAG_union_type
                            && depth < MAX_DEPTH =>
                    {
                        self.add_members(inner, offset, depth + 1, found);
                    }
                    _ => {
                        let (kind, size) = self.kind(child.ty, 0);
                        let name = child.name.clone();
                        found.members.push(Member { name, offset, size, kind });
                    }
                },
                _ => {}
            }
        }
    }

    /// What a type is and how many bytes it takes.
    fn kind(&self, at: Option<usize>, depth: u32) -> (Kind, u64) {
        let other = |what: &str, size| (Kind::Other(what.to_owned()), size);
        let Some((at, entry)) = at.and_then(|at| self.resolved(at)) else {
            return other("of an unknown type", 0);
        };
        let size = entry.size.unwrap_or(0);
        match entry.tag {
            gimli::DW_TAG_base_type => (base(entry, size), size),
            gimli::DW_TAG_enumeration_type => (self.enumeration(at, entry, size), size),
            gimli::DW_TAG_union_type => other("a union", size),
            gimli::DW_TAG_array_type if depth < MAX_DEPTH => {
                let (element, element_size) = self.kind(entry.ty, depth + 1);
                let dimensions = entry.children.iter().filter_map(|at| self.entries.get(at));
                let dimensions: Vec<u64> = dimensions
                    .filter(|child| child.tag == gimli::DW_TAG_subrange_type)
                    .map(|child| child.count.unwrap_or(0))
                    .collect();
                let elements: u64 = dimensions.iter().product();
                let nest = |inner, count: &u64| Kind::Array(Box::new(inner), *count);
                (dimensions.iter().rev().fold(element, nest), element_size * elements)
            }
            tag if is_record(tag) => match self.name_of_type(at) {
                Some(name) => (Kind::Record(name), size),
                None => other("a struct without a name", size),
            },
            gimli::DW_TAG_pointer_type
            | gimli::DW_TAG_reference_type
            | gimli::DW_TAG_ptr_to_member_type => other("a pointer", size),
            _ => other("of a type that no spec has", size),
        }
    }

    fn enumeration(&self, at: usize, entry: &Entry, size: u64) -> Kind {
        let children = entry.children.iter().filter_map(|at| self.entries.get(at));
        let values = children.filter_map(|child| Some((child.name.clone(), child.value?)));
        let values: Vec<_> = values.collect();
        let carrier = entry.ty.and_then(|at| self.stripped(at)).map(|ty| base(ty, size));
        let scalar = match carrier {
            Some(Kind::Scalar(scalar)) => Some(scalar),
            _ => integer(values.iter().any(|(_, value)| *value < 0), size),
        };
        match scalar {
            Some(scalar) => {
                let name = self.name_of_type(at).unwrap_or_default();
                Kind::Enum(Enum { name, scalar, values })
            }
            None => Kind::Other("an enum of no usual size".to_owned()),
        }
    }

    /// The entry behind names, `const` and `volatile`.
    fn resolved(&self, at: usize) -> Option<(usize, &Entry)> {
        let mut at = at;
        for _ in 0..MAX_DEPTH {
            let entry = self.entries.get(&at)?;
            match entry.tag {
                gimli::DW_TAG_typedef
                | gimli::DW_TAG_const_type
                | gimli::DW_TAG_volatile_type
                | gimli::DW_TAG_atomic_type => at = entry.ty?,
                _ => return Some((at, entry)),
            }
        }
        None
    }

    fn stripped(&self, at: usize) -> Option<&Entry> {
        self.resolved(at).map(|(_, entry)| entry)
    }

    /// Its own name or, as C programs do, that of the `typedef` which names it.
    fn name_of_type(&self, at: usize) -> Option<String> {
        let entry = self.entries.get(&at)?;
        let named = if entry.name.is_empty() {
            let is_name = |(_, other): &(&usize, &Entry)| {
                other.tag == gimli::DW_TAG_typedef && other.ty == Some(at)
            };
            self.entries.iter().find(is_name)?.1
        } else {
            entry
        };
        let mut name = named.name.clone();
        let mut parent = entry.parent;
        while let Some(outer) = parent.and_then(|at| self.entries.get(&at)) {
            let is_scope = outer.tag == gimli::DW_TAG_namespace || is_record(outer.tag);
            if is_scope && !outer.name.is_empty() {
                name = format!("{}::{name}", outer.name);
            }
            parent = outer.parent;
        }
        Some(name)
    }
}

fn is_record(tag: gimli::DwTag) -> bool {
    matches!(tag, gimli::DW_TAG_structure_type | gimli::DW_TAG_class_type)
}

fn base(entry: &Entry, size: u64) -> Kind {
    let other = || Kind::Other(format!("of the type `{}`", entry.name));
    let scalar = match entry.encoding {
        Some(gimli::DW_ATE_boolean) if size == 1 => Some(Scalar::Bool),
        // The one type that holds text; `signed char` and `unsigned char` are numbers.
        _ if entry.name == "char" => return Kind::Char,
        Some(gimli::DW_ATE_signed | gimli::DW_ATE_signed_char) => integer(true, size),
        Some(gimli::DW_ATE_unsigned | gimli::DW_ATE_unsigned_char) => integer(false, size),
        Some(gimli::DW_ATE_float) => match size {
            4 => Some(Scalar::F32),
            8 => Some(Scalar::F64),
            _ => None,
        },
        _ => None,
    };
    scalar.map_or_else(other, Kind::Scalar)
}

pub(super) fn integer(is_signed: bool, size: u64) -> Option<Scalar> {
    let is_it = |scalar: &Scalar| {
        scalar.size() == size && if is_signed { scalar.is_signed() } else { scalar.is_unsigned() }
    };
    Scalar::ALL.into_iter().find(is_it)
}
