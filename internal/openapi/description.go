package openapi

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// description is as much of an OpenAPI document as the page shows.
type description struct {
	Info struct {
		Title, Version, Summary, Description string
	}
	Servers []struct {
		URL, Description string
	}
	Tags []struct {
		Name, Description string
	}
	Paths map[string]map[string]*operation
	Other struct {
		Description string
		Responses   map[string]*response
	} `json:"x-other-requests"`
	Components struct {
		SecuritySchemes map[string]struct{ Scheme, Description string }
		Headers         map[string]*header
		Responses       map[string]*response
		Schemas         map[string]*schema
	}
}

type operation struct {
	OperationID          string
	Tags                 []string
	Summary, Description string
	Security             []map[string][]string
	Parameters           []struct {
		Name, In, Description string
		Example               plain
		Schema                *schema
	}
	RequestBody *struct {
		Description string
		Content     map[string]struct {
			Schema  *schema
			Example json.RawMessage
		}
	}
	Responses map[string]*response
}

type response struct {
	Ref         string `json:"$ref"`
	Description string
	Headers     map[string]*header
	Content     map[string]struct {
		Schema   *schema
		Examples map[string]struct {
			Summary, Description string
			Value                example
		}
	}
}

type header struct {
	Ref         string `json:"$ref"`
	Description string
	Schema      *schema
}

type schema struct {
	Ref         string `json:"$ref"`
	Type        oneOrMore
	Format      string
	Description string
	Enum        []string
	Examples    []json.RawMessage
	Required    []string
	Properties  map[string]*schema
	Items       *schema
	OneOf       []*schema
}

// oneOrMore is a text or an array of texts.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		return json.Unmarshal(data, (*[]string)(o))
	}
	*o = []string{""}
	return json.Unmarshal(data, &(*o)[0])
}

// plain is a string or a number as text.
type plain string

func (p *plain) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(p))
	}
	*p = plain(data)
	return nil
}

// example is the JSON of an example as people read it.
type example string

func (e *example) UnmarshalJSON(data []byte) error {
	var indented bytes.Buffer
	if err := json.Indent(&indented, data, "", "  "); err != nil {
		return err
	}
	*e = example(indented.String())
	return nil
}

// named is what a reference names, or the thing itself without a reference.
func named[T any](itself *T, ref string, components map[string]*T) *T {
	if ref == "" {
		return itself
	}
	return components[nameOf(ref)]
}

// nameOf is the name of what a reference within the document refers to.
func nameOf(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// Fields are the properties of an object in their order: those that are always
// there as Required has them, then the others.
func (s *schema) Fields() []string {
	fields := slices.Clone(s.Required)
	var others []string
	for name := range s.Properties {
		if !slices.Contains(fields, name) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return append(fields, others...)
}

// Has tells whether a field is always there.
func (s *schema) Has(field string) bool { return slices.Contains(s.Required, field) }

// typeOf says what a value is, in a few words.
func (d *description) typeOf(s *schema) string {
	switch {
	case s.Ref != "" && d.schema(s).Properties == nil:
		return d.typeOf(d.schema(s))
	case s.Ref != "":
		return nameOf(s.Ref)
	case s.Items != nil:
		return "array of " + d.typeOf(s.Items)
	}
	words := slices.Clone(s.Type)
	for _, one := range s.OneOf {
		words = append(words, d.typeOf(one))
	}
	text := strings.Join(words, " or ")
	if s.Format != "" {
		text += ", " + s.Format
	}
	return text
}

// values are those of an enum, also of one among several schemas.
func (d *description) values(s *schema) []string {
	values := slices.Clone(d.schema(s).Enum)
	for _, one := range s.OneOf {
		values = append(values, d.values(one)...)
	}
	return values
}

func (d *description) schema(s *schema) *schema { return named(s, s.Ref, d.Components.Schemas) }
