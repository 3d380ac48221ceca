"""The part of JSON Schema that src/cli/pages/*.schema.json use."""

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def has_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def problems(value, schema, path="$"):
    """What is wrong with a value, as sentences; empty when it is valid."""
    known = {"$schema", "description", "type", "enum", "const", "required", "properties", "additionalProperties", "items",
             "oneOf"}
    found = [f"{path}: schema has the unknown word {word}" for word in set(schema) - known]
    if "oneOf" in schema and sum(not problems(value, option, path) for option in schema["oneOf"]) != 1:
        found.append(f"{path}: fits not exactly one alternative")
    types = schema.get("type", [])
    if types and not any(has_type(value, name) for name in ([types] if isinstance(types, str) else types)):
        return found + [f"{path}: {value!r} is no {types}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: {value!r} is none of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{path}: {value!r} is not {schema['const']!r}")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{path}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for name, entry in value.items():
            if name in properties:
                found += problems(entry, properties[name], f"{path}.{name}")
            elif schema.get("additionalProperties") is False:
                found.append(f"{path}: {name} is not in the schema")
    if isinstance(value, list) and "items" in schema:
        for i, entry in enumerate(value):
            found += problems(entry, schema["items"], f"{path}[{i}]")
    return found
