//! C#: a folder of source files to vendor, for .NET, .NET Standard, Unity and Mono.

mod headers;
mod inline;
pub mod spell;
mod structs;
mod view;

use serde_json::Value;

use self::view::View;
use super::{Backend, Input, file, to_json};
use crate::emit::File;
use bitrpc_spec::names::Language;

/// The C# backend.
#[derive(Debug)]
pub struct Csharp;

impl Backend for Csharp {
    fn language(&self) -> Language {
        Language::CSHARP
    }

    fn view(&self, input: &Input) -> Value {
        to_json(&View::new(input))
    }

    fn files(&self, input: &Input) -> Vec<File> {
        let view = &View::new(input);
        let mut files = sources(view);
        files.push(file("README.md", &Readme { view }));
        files.push(file(format!("{}.csproj", view.namespace), &Project { view }));
        files.push(File::new(
            ".editorconfig",
            include_str!("../../../templates/csharp/editorconfig"),
        ));
        // Not ".globalconfig": that one would be found, and would rule, in every project that takes
        // in a source file of the folder.
        files.push(File::new(
            "library.globalconfig",
            include_str!("../../../templates/csharp/library.globalconfig"),
        ));
        files
    }
}

templates! { askama::Template, View:
    Readme = "csharp/README.md";
    Project = "csharp/project.csproj";
}

/// A template a source file, and the list of them all.
macro_rules! sources {
    ($derive:path: $($name:ident = $path:literal;)*) => {
        templates! { $derive, View: $($name = $path;)* }

        fn sources(view: &View) -> Vec<File> {
            vec![$(file(place($path), &$name { view }),)*]
        }
    };
}

sources! { askama::Template:
    LayoutFile = "csharp/Layout.cs";
    HeadersFile = "csharp/Headers.cs";
    ProtocolFile = "csharp/Protocol.cs";
    MessagesFile = "csharp/Messages.cs";
    Attachment = "csharp/engine/Attachment.cs";
    Bytes = "csharp/engine/Bytes.cs";
    Calls = "csharp/engine/Calls.cs";
    Claim = "csharp/engine/Claim.cs";
    RingConstants = "csharp/engine/Constants.cs";
    ConsumerAsync = "csharp/engine/Consumer.Async.cs";
    ConsumerCore = "csharp/engine/Consumer.Core.cs";
    ConsumerMany = "csharp/engine/Consumer.Many.cs";
    ConsumerTyped = "csharp/engine/Consumer.Typed.cs";
    Consumer = "csharp/engine/Consumer.cs";
    Creation = "csharp/engine/Creation.cs";
    Errors = "csharp/engine/Errors.cs";
    Factory = "csharp/engine/Factory.cs";
    Fields = "csharp/engine/Fields.cs";
    Fragments = "csharp/engine/Fragments.cs";
    Identity = "csharp/engine/Identity.cs";
    ManagerThread = "csharp/engine/Manager.Thread.cs";
    Manager = "csharp/engine/Manager.cs";
    Memory = "csharp/engine/Memory.cs";
    Message = "csharp/engine/Message.cs";
    Monitor = "csharp/engine/Monitor.cs";
    Native = "csharp/engine/Native.cs";
    NativeLinux = "csharp/engine/Native.Linux.cs";
    NativeMacOs = "csharp/engine/Native.MacOS.cs";
    NativeUnix = "csharp/engine/Native.Unix.cs";
    NativeWindows = "csharp/engine/Native.Windows.cs";
    Options = "csharp/engine/Options.cs";
    Patience = "csharp/engine/Patience.cs";
    PeerWatch = "csharp/engine/PeerWatch.cs";
    Plain = "csharp/engine/Plain.cs";
    Producer = "csharp/engine/Producer.cs";
    ProducerAsync = "csharp/engine/Producer.Async.cs";
    ProducerBatch = "csharp/engine/Producer.Batch.cs";
    ProducerCore = "csharp/engine/Producer.Core.cs";
    Recovery = "csharp/engine/Recovery.cs";
    RingBuffer = "csharp/engine/RingBuffer.cs";
    RingDistance = "csharp/engine/RingDistance.cs";
    RingReader = "csharp/engine/RingReader.cs";
    RingWriter = "csharp/engine/RingWriter.cs";
    Role = "csharp/engine/Role.cs";
    Roles = "csharp/engine/Roles.cs";
    Segment = "csharp/engine/Segment.cs";
    Side = "csharp/engine/Side.cs";
    Target = "csharp/engine/Target.cs";
    Time = "csharp/engine/Time.cs";
    Waiter = "csharp/engine/Waiter.cs";
}

/// Where the file of a template goes: the engine has a folder of its own.
fn place(template: &str) -> String {
    let path = template.trim_start_matches("csharp/");
    path.replacen("engine/", "Engine/", 1)
}
