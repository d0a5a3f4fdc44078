//! What fields a resource shows, out of the same description that the OpenAPI document is made of: whoever names another
//! is told which there are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// The description of a kind of resource, with everything that it refers to.
#[derive(Debug)]
pub(crate) struct Shape {
    schemas: BTreeMap<String, Value>,
    root: Value,
}

/// A part of a [`Shape`]: a resource, or the value of one of its fields.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    shape: &'a Shape,
    /// Descriptions that all apply, or of which one does.
    schemas: Vec<&'a Value>,
}

impl Shape {
    pub(crate) fn of<T: ToSchema>() -> Self {
        let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
        T::schemas(&mut schemas);
        let described = |schema| serde_json::to_value(schema).unwrap_or_default();
        let schemas = schemas.into_iter().map(|(name, schema)| (name, described(schema)));
        Self { schemas: schemas.collect(), root: described(T::schema()) }
    }

    /// The resource as a whole.
    pub(crate) fn whole(&self) -> Part<'_> {
        self.part([&self.root])
    }

    /// Those of the resource's variants whose field `type` is one of these; all of them when there are none.
    pub(crate) fn variants(&self, types: &[&str]) -> Part<'_> {
        let whole = self.whole();
        if types.is_empty() {
            return whole;
        }
        let is_wanted = |schema: &&Value| {
            let kind = self.part([*schema]).field("type");
            kind.is_none_or(|kind| kind.constants().iter().any(|name| types.contains(name)))
        };
        Part { shape: self, schemas: whole.schemas.into_iter().filter(is_wanted).collect() }
    }

    fn part<'a>(&'a self, schemas: impl IntoIterator<Item = &'a Value>) -> Part<'a> {
        let mut alternatives = Vec::new();
        for schema in schemas {
            self.resolve(schema, &mut alternatives);
        }
        Part { shape: self, schemas: alternatives }
    }

    /// Follows references and choices down to descriptions of values. A choice is left whole where it stands beside other
    /// descriptions, since it goes with each of them.
    fn resolve<'a>(&'a self, schema: &'a Value, found: &mut Vec<&'a Value>) {
        let target = schema.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|target| target.rsplit('/').next());
        let choices = [schema.get("oneOf"), schema.get("anyOf"), schema.get("allOf")];
        let choices = choices.into_iter().flatten().filter_map(Value::as_array);
        let mut choices = choices.flatten().peekable();
        if let Some(target) = target.and_then(|name| self.schemas.get(name)) {
            self.resolve(target, found);
        } else if choices.peek().is_some() && !self.is_variant(schema) {
            choices.for_each(|choice| self.resolve(choice, found));
        } else {
            found.push(schema);
        }
    }

    /// Whether this is one variant of a tagged choice, whose fields are in several descriptions.
    fn is_variant(&self, schema: &Value) -> bool {
        let parts = schema.get("allOf").and_then(Value::as_array);
        parts
            .into_iter()
            .flatten()
            .any(|part| !constants(part.pointer("/properties/type")).is_empty())
    }
}

impl<'a> Part<'a> {
    /// What describes a field; none when there is no such field.
    pub(crate) fn field(&self, name: &str) -> Option<Part<'a>> {
        let mut found = Vec::new();
        self.properties(|field, schema| {
            if field == name {
                found.push(schema);
            }
        });
        (!found.is_empty()).then(|| self.shape.part(found))
    }

    /// The names of the fields.
    pub(crate) fn names(&self) -> BTreeSet<&'a str> {
        let mut names = BTreeSet::new();
        self.properties(|field, _| {
            names.insert(field);
        });
        names
    }

    fn properties(&self, mut each: impl FnMut(&'a str, &'a Value)) {
        let mut left = self.schemas.clone();
        while let Some(schema) = left.pop() {
            let fields = schema.get("properties").and_then(Value::as_object);
            fields.into_iter().flatten().for_each(|(name, schema)| each(name, schema));
            // A variant's descriptions, each of which may refer to more.
            for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                self.shape.resolve(part, &mut left);
            }
        }
    }

    fn constants(&self) -> Vec<&'a str> {
        self.schemas.iter().flat_map(|schema| constants(Some(schema))).collect()
    }
}

/// The texts that a description allows, when it lists them.
fn constants(schema: Option<&Value>) -> Vec<&str> {
    let listed = schema.and_then(|schema| schema.get("enum")?.as_array());
    listed.into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_fields::EventText;
    use crate::event_words::EVENT_TYPES;
    use crate::sessions::Session;

    #[test]
    fn a_session_s_fields_are_those_that_it_shows() {
        let shape = Shape::of::<Session>();
        let names = shape.whole().names();
        assert!(names.contains("process") && names.contains("linked_to"), "{names:?}");
        assert!(!names.contains("reason"));
    }

    #[test]
    fn an_event_s_fields_are_those_of_its_type() {
        let shape = Shape::of::<EventText>();
        for kind in EVENT_TYPES {
            let names = shape.variants(&[kind]).names();
            for common in ["seq", "at", "cause", "type"] {
                assert!(names.contains(common), "{kind} has no `{common}`: {names:?}");
            }
        }
        let ended = shape.variants(&["session.ended"]);
        assert!(ended.names().contains("reason") && ended.names().contains("group"));
        assert!(!ended.names().contains("code"), "{:?}", ended.names());
        assert!(shape.variants(&["session.disconnected"]).field("decision").is_some_and(
            |decision| decision.names().contains("list") && decision.field("colour").is_none()
        ));
        let both = shape.variants(&["session.ended", "poll.completed"]).names();
        assert!(both.contains("reason") && both.contains("poll") && !both.contains("node"));
        assert!(shape.variants(&[]).names().contains("node"));
    }
}
