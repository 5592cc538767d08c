package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// operation is what the contract says of an operation, as far as it is needed to fill a request.
type operation struct {
	method     string
	segments   []string
	Parameters []struct {
		Name     string
		Required bool
		Example  any
		Schema   schema
	}
	RequestBody struct {
		Content map[string]struct {
			Schema  schema
			Example any
		}
	}
}

type schema struct {
	Type       any
	MinLength  int
	Properties map[string]schema
	Items      *schema
	Examples   []any
	Enum       []any
	Sensitive  bool `json:"x-sensitive"`
}

// readContract reads every operation of the families in a folder.
func readContract(folder string) (operations []operation, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var family struct {
			Paths map[string]map[string]operation
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&family); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for path, methods := range family.Paths {
			for method, found := range methods {
				found.method, found.segments = strings.ToUpper(method), strings.Split(path, "/")
				operations = append(operations, found)
			}
		}
	}
	if len(operations) == 0 {
		return nil, fmt.Errorf("expected the contract in %s, found no operation", folder)
	}
	return operations, nil
}

// find returns the operation of a path, in which a parameter may be of any value. Literals beat parameters.
func find(operations []operation, method string, segments []string) *operation {
	var best *operation
	for i := range operations {
		if found := &operations[i]; found.method == method && found.matches(segments) {
			if best == nil || found.parameters() < best.parameters() {
				best = found
			}
		}
	}
	return best
}

func (o *operation) matches(segments []string) bool {
	if len(segments) != len(o.segments) {
		return false
	}
	for i, segment := range segments {
		if o.segments[i] != segment && !isParameter(o.segments[i]) {
			return false
		}
	}
	return true
}

func (o *operation) parameters() (count int) {
	for _, segment := range o.segments {
		if isParameter(segment) {
			count++
		}
	}
	return count
}

func isParameter(segment string) bool { return strings.HasPrefix(segment, "{") }

// example returns the request's fields: the parameters and the body's, and the schemas of all of them. A parameter of the path
// also gets the name that the SDK has for it, which the path of its blank request shows.
func (o *operation) example(segments []string) (map[string]any, schema) {
	values, schemas := map[string]any{}, map[string]schema{}
	for _, parameter := range o.Parameters {
		names := []string{parameter.Name}
		for i, segment := range o.segments {
			if segment == "{"+parameter.Name+"}" && isParameter(segments[i]) {
				names = append(names, strings.Trim(segments[i], "{}"))
			}
		}
		for _, name := range names {
			schemas[name] = parameter.Schema
			if parameter.Example != nil {
				values[name] = parameter.Schema.plain(parameter.Example)
			} else if parameter.Required {
				values[name] = parameter.Schema.sample()
			}
		}
	}
	for _, content := range o.RequestBody.Content {
		for name, schema := range content.Schema.Properties {
			schemas[name] = schema
		}
		if body, isObject := content.Schema.plain(content.Example).(map[string]any); isObject {
			for name, value := range body {
				values[name] = value
			}
		}
	}
	return values, schema{Properties: schemas}
}

// secret is the text in encrypted fields: the examples of many are themselves encrypted, for nobody's key.
const secret = "13800138000"

// plain returns a value whose encrypted fields hold text that the SDK will encrypt.
func (s schema) plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		plain := map[string]any{}
		for name, field := range value {
			plain[name] = s.Properties[name].plain(field)
		}
		return plain
	case []any:
		plain := []any{}
		for _, item := range value {
			if s.Items != nil {
				item = s.Items.plain(item)
			}
			plain = append(plain, item)
		}
		return plain
	}
	if s.Sensitive {
		return secret
	}
	return value
}

// sample returns a value that the schema gives as an example, else the simplest of its type; nil for objects and lists.
func (s schema) sample() any {
	switch {
	case len(s.Examples) > 0:
		return s.plain(s.Examples[0])
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Sensitive:
		return secret
	}
	switch s.Type {
	case "string":
		return strings.Repeat("1", max(1, s.MinLength))
	case "integer", "number":
		return 1
	case "boolean":
		return true
	}
	return nil
}
