package mirror

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

// A status reads every value but the pages.
func TestStatusReadsAllParts(t *testing.T) {
	var m memory
	keys := []string{"leaf/", "absent/", "late/"}
	for key := range m.parts() {
		keys = append(keys, key)
	}
	for _, key := range keys {
		n := 0
		for _, prefix := range exceptPages {
			if strings.HasPrefix(key, prefix) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("a status reads the values of %s %d times", key, n)
		}
	}
	if slices.ContainsFunc(exceptPages[:], func(prefix string) bool { return strings.HasPrefix("span/", prefix) }) {
		t.Error("a status reads the pages")
	}
}

// fill makes every part of a value another one than nothing.
func fill(t *testing.T, v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(epoch))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case v.Kind() == reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key)
		fill(t, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case v.CanInt():
		v.SetInt(7)
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.String:
		v.SetString("seven")
	default:
		t.Fatalf("a %v can't be filled", v.Type())
	}
}

// What is kept is what the next process reads: no part of a value is lost.
func TestRememberAll(t *testing.T) {
	k := &keeping{values: make(map[string][]byte)}
	m := shelved(nil, shelfState{})
	m.state = k
	for key, part := range m.parts() {
		fill(t, reflect.ValueOf(part).Elem())
		m.keep(key, part)
	}
	m.late[7] = &lateDay{}
	fill(t, reflect.ValueOf(m.late[7]).Elem())
	m.keep("late/7", m.late[7])
	m.cut(span(0, 100), []callvault.Time{at(0)}, epoch)
	m.wereRead(span(10, 20), 3)
	m.isAbsent(id(1), at(30))
	want := m.memory
	if err := m.commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.remember(t.Context()); err != nil || !reflect.DeepEqual(m.memory, want) || m.clock.Ahead != want.access.Ahead {
		t.Errorf("remembered is\n%+v, want\n%+v, %v; the clock is %v ahead", m.memory, want, err, m.clock.Ahead)
	}
}
