//go:build all

package main

import (
	"maps"
	"reflect"
	"slices"
	"text/template"
	"time"

	// Zones are built in: the helper cannot read the machine's.
	_ "time/tzdata"

	"github.com/Masterminds/sprig/v3"
)

// impureFunctions answer something else each time, whatever a template gives them.
var impureFunctions = []string{
	"ago", "bcrypt", "encryptAES", "genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert",
	"genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey", "htpasswd", "now", "randAlpha",
	"randAlphaNum", "randAscii", "randBytes", "randInt", "randNumeric", "shuffle", "uuidv4",
}

// dateFunctions take the present time where they are given none, in the argument at this place.
var dateFunctions = map[string]int{"date": 1, "dateInZone": 1, "date_in_zone": 1, "htmlDate": 0, "htmlDateInZone": 0}

// usedFunctions collects by name the functions that were called and are no functions of the render's input.
type usedFunctions map[string]bool

func (u usedFunctions) sorted() []string {
	if len(u) == 0 {
		return []string{}
	}
	return slices.Sorted(maps.Keys(u))
}

// watched are the template functions whose use is noted, and those that get a fixed order.
func (u usedFunctions) watched() template.FuncMap {
	functions := template.FuncMap{"keys": sortedKeys, "values": sortedValues}
	library := sprig.TxtFuncMap()
	for _, name := range impureFunctions {
		functions[name] = noting(library[name], func([]reflect.Value) { u[name] = true })
	}
	for name, at := range dateFunctions {
		functions[name] = noting(library[name], func(given []reflect.Value) {
			if !isTime(given[at].Interface()) {
				u[name] = true
			}
		})
	}
	functions["durationRound"] = noting(library["durationRound"], func(given []reflect.Value) {
		if _, since := given[0].Interface().(time.Time); since {
			u["durationRound"] = true
		}
	})
	functions["getHostByName"] = func(string) string {
		u["getHostByName"] = true
		return ""
	}
	return functions
}

// noting calls note before each call of the function.
func noting(function any, note func(given []reflect.Value)) any {
	wrapped := reflect.ValueOf(function)
	return reflect.MakeFunc(wrapped.Type(), func(given []reflect.Value) []reflect.Value {
		note(given)
		if wrapped.Type().IsVariadic() {
			return wrapped.CallSlice(given)
		}
		return wrapped.Call(given)
	}).Interface()
}

func isTime(value any) bool {
	switch value.(type) {
	case time.Time, *time.Time, int64, int, int32:
		return true
	}
	return false
}

// sprig's own answer in the random order of a map, which makes every render another.
func sortedKeys(dicts ...map[string]any) []string {
	keys := []string{}
	for _, dict := range dicts {
		keys = append(keys, slices.Sorted(maps.Keys(dict))...)
	}
	return keys
}

func sortedValues(dict map[string]any) []any {
	values := []any{}
	for _, key := range slices.Sorted(maps.Keys(dict)) {
		values = append(values, dict[key])
	}
	return values
}
