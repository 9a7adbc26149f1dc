//! The list of objects and object instances, for Register and Update (TS 1.0 sections 5.3.1 and 6.2).

use crate::format::Window;
use crate::format::link::LinkWriter;
use crate::model::definition::HIDDEN;
use crate::model::{Model, Object};
use crate::path::Path;

/// Whether the version must be told: where it is not the initial one (TS 1.0 table 19).
pub fn shows_version(object: &dyn Object) -> bool {
    object.version() != (1, 0)
}

/// `;ver=1.1`; both numbers are digits.
pub fn version(object: &dyn Object, out: &mut LinkWriter<'_, '_>) {
    if shows_version(object) {
        let (major, minor) = object.version();
        let text = [b'0' + major % 10, b'.', b'0' + minor % 10];
        out.token("ver", core::str::from_utf8(&text).unwrap_or(""));
    }
}

/// The objects that servers are told of.
pub fn listed<'a>(model: &Model<'a>) -> impl Iterator<Item = &'a dyn Object> {
    model.objects().filter(|object| object.flags() & HIDDEN == 0)
}

/// Writes the list: a link for each instance; for an object without instances, or with a version to tell, one of
/// its own. Hidden objects are left out (TS 1.0 section 5.3.1).
pub fn object_list(model: &Model<'_>, window: &mut Window<'_>) {
    let mut out = LinkWriter::new(window, "");
    for object in listed(model) {
        let id = object.id();
        if shows_version(object) || model.instances_of(id).next().is_none() {
            out.link(Path::object(id));
            version(object, &mut out);
        }
        for instance in model.instances_of(id) {
            out.link(Path::instance(id, instance.id));
        }
    }
}
