//! From a spec to its layout.

use super::place::Extent;
use super::structs::Placed;
use super::{
    ConstantLayout, EnumLayout, FlagsLayout, Layout, NamedValue, Package, RustRuntime,
    StructLayout, Targets, header, text_of,
};
use crate::model::{self, Named, Spec};
use crate::source::Spanned;

impl Layout {
    /// Gives every field its place.
    ///
    /// It cannot fail: whatever could not be laid out as it is stated was reported when the spec
    /// was loaded.
    ///
    /// ```
    /// use bitrpc_spec::{layout::Layout, model::Spec, source::Memory};
    ///
    /// let text = r#"
    /// bitrpc: 1
    /// name: demo
    /// structs:
    ///   - name: Quote
    ///     id: 1001
    ///     fields:
    ///       - { name: side, type: u8 }
    ///       - { name: price, type: f64 }
    /// "#;
    /// let spec = Spec::load("demo.yaml", &Memory::new().with("demo.yaml", text))?;
    /// let layout = Layout::of(&spec);
    /// assert_eq!(layout.structs[0].fields[1].offset, 8);
    /// assert_eq!(layout.structs[0].fields[1].padding_before, 7);
    /// # Ok::<(), bitrpc_spec::diagnostic::Findings>(())
    /// ```
    pub fn of(spec: &Spec) -> Self {
        let mut layout = Self {
            name: spec.name.value.clone(),
            version: spec.version.value,
            doc: text_of(&spec.doc),
            magic: spec.magic.value,
            file_prefix: spec.file_prefix.value.clone(),
            default_capacity: spec.default_capacity.value,
            layout_hash: 0,
            schema_hash: 0,
            targets: targets(&spec.targets),
            ring_header: header::ring(&spec.ring_header),
            message_header: header::message(&spec.message_header),
            message_types: values(&spec.message_types.list),
            flags: FlagsLayout {
                doc: text_of(&spec.flags.doc),
                scalar: spec.flags.scalar.value,
                bits: values(&spec.flags.bits),
            },
            constants: spec.constants.iter().map(constant).collect(),
            enums: spec.enums.iter().map(enumeration).collect(),
            structs: structs(spec),
        };
        layout.layout_hash = layout.compute_layout_hash();
        layout.schema_hash = layout.compute_schema_hash();
        layout
    }
}

fn structs(spec: &Spec) -> Vec<StructLayout> {
    let mut extents: Vec<Extent> = Vec::new();
    let lay_out = |item| {
        let placed = Placed::of(item, &spec.enums, &extents);
        extents.push(placed.extent());
        placed.layout(item)
    };
    spec.structs.iter().map(lay_out).collect()
}

fn values(list: &[Named]) -> Vec<NamedValue> {
    let value = |named: &Named| NamedValue {
        name: named.name.value.clone(),
        doc: text_of(&named.doc),
        value: named.value.value,
    };
    list.iter().map(value).collect()
}

fn constant(constant: &model::Constant) -> ConstantLayout {
    ConstantLayout {
        name: constant.name.value.clone(),
        doc: text_of(&constant.doc),
        value: constant.value.value.clone(),
    }
}

fn enumeration(item: &model::Enum) -> EnumLayout {
    EnumLayout {
        name: item.name.value.clone(),
        doc: text_of(&item.doc),
        scalar: item.scalar.value,
        is_flags: item.is_flags,
        values: values(&item.values),
    }
}

fn targets(targets: &model::Targets) -> Targets {
    let text = |key: &str| targets.get(key).map(|text| text.value.clone());
    let name = |key: &str| text(key).expect("a package has a name");
    let parts = |key: &str, by: &str| name(key).split(by).map(str::to_owned).collect();
    let all = targets.names.iter().map(|target| (target.key.clone(), target.value.value.clone()));
    Targets {
        rust_crate: name("rust.crate"),
        cpp_namespace: parts("cpp.namespace", "::"),
        cpp_header: name("cpp.header"),
        csharp_namespace: parts("csharp.namespace", "."),
        python_module: name("python.module"),
        rust_runtime: match (text("rust.runtime.path"), text("rust.runtime.git")) {
            (Some(path), _) => RustRuntime::Path(path),
            (None, Some(url)) => RustRuntime::Git { url, rev: text("rust.runtime.rev") },
            (None, None) => RustRuntime::Registry,
        },
        package: package(&targets.package),
        names: all.collect(),
    }
}

fn package(package: &model::Package) -> Package {
    let text = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.value.clone());
    Package {
        license: text(&package.license),
        authors: package.authors.iter().map(|author| author.value.clone()).collect(),
        repository: text(&package.repository),
        description: text(&package.description),
    }
}
