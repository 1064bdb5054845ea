//go:build all

package main

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Functions that read files, start programs, or write to what is our pipe.
var unsafeFunctions = map[string][]string{
	lua.OsLibName: {"clock", "difftime", "execute", "exit", "getenv", "remove", "rename", "setenv", "setlocale", "tmpname"},
	"_G":          {"collectgarbage", "dofile", "loadfile", "module", "newproxy", "_printregs"},
	"package":     {"loadlib", "seeall"},
}

// openLibraries gives a script what Argo CD gives it. Open libraries add text, numbers and coroutines, but neither files
// nor programs nor channels.
func openLibraries(state *lua.LState, open bool) {
	libraries := map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage,
		lua.BaseLibName: lua.OpenBase,
		lua.TabLibName:  lua.OpenTable,
		lua.OsLibName:   lua.OpenOs,
	}
	if open {
		libraries[lua.StringLibName] = lua.OpenString
		libraries[lua.MathLibName] = lua.OpenMath
		libraries[lua.CoroutineLibName] = lua.OpenCoroutine
	}
	for _, name := range []string{
		lua.LoadLibName, lua.BaseLibName, lua.TabLibName, lua.OsLibName,
		lua.StringLibName, lua.MathLibName, lua.CoroutineLibName,
	} {
		if library := libraries[name]; library != nil {
			state.Push(state.NewFunction(library))
			state.Push(lua.LString(name))
			state.Call(1, 0)
		}
	}
	for table, names := range unsafeFunctions {
		for _, name := range names {
			state.SetField(state.GetGlobal(table), name, lua.LNil)
		}
	}
	// Nothing is looked for in files.
	state.SetField(state.GetGlobal(lua.LoadLibName), "path", lua.LString(""))
	state.SetGlobal("print", state.NewFunction(func(*lua.LState) int { return 0 }))
	if open {
		state.SetField(state.GetGlobal(lua.StringLibName), "rep", state.NewFunction(repeatText))
	}
}

const maxRepeatedBytes = 8 << 20

// repeatText is string.rep with a limit: no instruction of a script ends while it runs.
func repeatText(state *lua.LState) int {
	text, times := state.CheckString(1), max(state.CheckInt(2), 0)
	if len(text) > 0 && times > maxRepeatedBytes/len(text) {
		state.RaiseError("string.rep would make more than %d bytes", maxRepeatedBytes)
	}
	state.Push(lua.LString(strings.Repeat(text, times)))
	return 1
}
