//! The list of objects and object instances, for Register and Update (TS 1.0 sections 5.3.1 and 6.2).

use crate::format::{Window, link};
use crate::model::definition::HIDDEN;
use crate::model::{Model, Object};
use crate::path::Path;

/// Whether the version must be told: always where it is not the initial one (TS 1.0 table 19).
pub fn shows_version(object: &dyn Object) -> bool {
    object.version() != (1, 0)
}

/// `;ver=1.1`
pub fn version(object: &dyn Object, out: &mut Window<'_>) {
    if shows_version(object) {
        let (major, minor) = object.version();
        out.put(b";ver=");
        out.decimal(major.into());
        out.byte(b'.');
        out.decimal(minor.into());
    }
}

/// Writes the list: a link for each instance; for an object without instances, or with a version to tell, one of
/// its own. Hidden objects are left out (TS 1.0 section 5.3.1).
pub fn object_list(model: &Model<'_>, out: &mut Window<'_>) {
    for object in model.objects().filter(|object| object.flags() & HIDDEN == 0) {
        let id = object.id();
        if shows_version(object) || model.instances_of(id).next().is_none() {
            link::target(out, Path::object(id));
            version(object, out);
        }
        for instance in model.instances_of(id) {
            link::target(out, Path::instance(id, instance.id));
        }
    }
}
