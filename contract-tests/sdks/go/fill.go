package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

var timeType = reflect.TypeOf(time.Time{})

// fill makes a model with these values. What the SDK requires and they lack is taken from the schema, else blank.
func fill(model reflect.Type, values map[string]any, schema schema) (reflect.Value, error) {
	complete(model, values, schema)
	text, err := json.Marshal(values)
	filled := reflect.New(model)
	if err == nil {
		err = json.Unmarshal(text, filled.Interface())
	}
	return filled.Elem(), err
}

func complete(model reflect.Type, values map[string]any, schema schema) {
	for _, field := range fields(model) {
		value, isThere := values[field.name]
		if !isThere && field.isRequired {
			if value = schema.Properties[field.name].sample(); value == nil {
				value = start(field.kind, field.name)
			}
			values[field.name] = value
		}
		// The contract has texts where the SDK has numbers, in queries.
		if text, isText := value.(string); isText && field.kind.Kind() == reflect.Int64 {
			values[field.name] = json.Number(text)
		}
		completeIn(field.kind, value, schema.Properties[field.name])
	}
}

func completeIn(kind reflect.Type, value any, schema schema) {
	switch value := value.(type) {
	case map[string]any:
		if kind.Kind() == reflect.Struct {
			complete(kind, value, schema)
		}
	case []any:
		if kind.Kind() == reflect.Slice && schema.Items != nil {
			for _, item := range value {
				completeIn(pointed(kind.Elem()), item, *schema.Items)
			}
		}
	}
}

// start is a value that complete goes on with: an object without fields, a list of one, or blank.
func start(kind reflect.Type, name string) any {
	switch {
	case kind.Kind() == reflect.Struct && kind != timeType:
		return map[string]any{}
	case kind.Kind() == reflect.Slice:
		return []any{start(pointed(kind.Elem()), name)}
	}
	return blank(kind, name)
}

// blank makes a value in which every text is its field's name in braces, so that a path shows which field went where.
func blank(kind reflect.Type, name string) any {
	switch kind.Kind() {
	case reflect.Struct:
		if kind == timeType {
			return "2018-06-08T10:34:56+08:00"
		}
		values := map[string]any{}
		for _, field := range fields(kind) {
			values[field.name] = blank(field.kind, field.name)
		}
		return values
	case reflect.Slice:
		return []any{blank(pointed(kind.Elem()), name)}
	case reflect.Map:
		return map[string]any{}
	case reflect.Bool:
		return true
	case reflect.String:
		return "{" + name + "}"
	}
	return 1
}

type field struct {
	name       string
	kind       reflect.Type
	isRequired bool
}

func fields(model reflect.Type) (found []field) {
	if model.Kind() != reflect.Struct {
		return nil
	}
	for i := 0; i < model.NumField(); i++ {
		name, options, _ := strings.Cut(model.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			found = append(found, field{name, pointed(model.Field(i).Type), options != "omitempty"})
		}
	}
	return found
}

func pointed(kind reflect.Type) reflect.Type {
	if kind.Kind() == reflect.Pointer {
		return kind.Elem()
	}
	return kind
}
