//go:build all

package main

import (
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// luaValue turns parsed JSON into what a script sees.
func luaValue(state *lua.LState, value any) lua.LValue {
	switch known := value.(type) {
	case bool:
		return lua.LBool(known)
	case float64:
		return lua.LNumber(known)
	case string:
		return lua.LString(known)
	case []any:
		table := state.CreateTable(len(known), 0)
		for _, entry := range known {
			table.Append(luaValue(state, entry))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(known))
		for name, member := range known {
			table.RawSetString(name, luaValue(state, member))
		}
		return table
	default:
		return lua.LNil
	}
}

const (
	maxReturnedDepth  = 100
	maxReturnedValues = 200_000
)

// plainValue turns what a script returned into JSON. An empty table is an empty list: Lua has one word for both.
func plainValue(value lua.LValue) (any, error) {
	left := maxReturnedValues
	return plain(value, 0, &left)
}

func plain(value lua.LValue, depth int, left *int) (any, error) {
	if *left--; *left < 0 {
		return nil, fmt.Errorf("it returned more than %d values", maxReturnedValues)
	}
	if depth > maxReturnedDepth {
		return nil, fmt.Errorf("it returned tables within tables, more than %d deep", maxReturnedDepth)
	}
	switch known := value.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(known), nil
	case lua.LNumber:
		if number := float64(known); !math.IsNaN(number) && !math.IsInf(number, 0) {
			return number, nil
		}
		return nil, fmt.Errorf("it returned %s, which is no number of JSON", known)
	case lua.LString:
		return string(known), nil
	case *lua.LTable:
		return plainTable(known, depth, left)
	default:
		return nil, fmt.Errorf("it returned a %s, which is no value of JSON", value.Type())
	}
}

func plainTable(table *lua.LTable, depth int, left *int) (any, error) {
	list, members := []any{}, map[string]any{}
	var failed error
	table.ForEach(func(key, value lua.LValue) {
		if failed != nil {
			return
		}
		entry, err := plain(value, depth+1, left)
		if err != nil {
			failed = err
			return
		}
		switch name := key.(type) {
		case lua.LString:
			members[string(name)] = entry
		case lua.LNumber:
			if int(name) != len(list)+1 {
				failed = fmt.Errorf("it returned a list with gaps")
				return
			}
			list = append(list, entry)
		default:
			failed = fmt.Errorf("it returned a table with a %s as a key", key.Type())
		}
	})
	if failed != nil {
		return nil, failed
	}
	if len(list) > 0 && len(members) > 0 {
		return nil, fmt.Errorf("it returned a table that is both a list and a map")
	}
	if len(members) > 0 {
		return members, nil
	}
	return list, nil
}
