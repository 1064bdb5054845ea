//go:build all

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

func init() { operations["lua.run"] = luaRun }

type luaInput struct {
	Requests []luaRequest `json:"requests"`
}

// luaRequest is one script and what it is about.
type luaRequest struct {
	// Name stands for the script in messages.
	Name     string         `json:"name"`
	Script   string         `json:"script"`
	OpenLibs bool           `json:"openLibs"`
	Object   map[string]any `json:"object"`
	Params   map[string]any `json:"params"`
}

// luaAnswer is what a script returned, by the name that Lua has for its type, or why it returned nothing.
type luaAnswer struct {
	Type  string `json:"type,omitempty"`
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
	// Overran tells that a limit ended the run.
	Overran bool `json:"overran,omitempty"`
}

const (
	maxScriptBytes  = 256 << 10
	maxScriptTime   = time.Second
	maxInstructions = 20_000_000
	maxScriptMemory = 64 << 20
)

var (
	errScriptTime   = fmt.Errorf("it did not end within %s", maxScriptTime)
	errScriptLength = fmt.Errorf("it ran more than %d instructions", maxInstructions)
	errScriptMemory = fmt.Errorf("it took more than %d MiB of memory", maxScriptMemory>>20)
)

// luaRun runs scripts, each in a state of its own. One that overran is not run on the objects after it.
func luaRun(_ *pipe, input json.RawMessage, _ []byte) (any, error) {
	var asked luaInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	answers := make([]luaAnswer, 0, len(asked.Requests))
	compiled := map[string]*lua.FunctionProto{}
	overran := map[string]error{}
	for _, request := range asked.Requests {
		if err := overran[request.Script]; err != nil {
			answers = append(answers, luaAnswer{Error: messageOf(request.Name, err), Overran: true})
			continue
		}
		given, err := runScript(request, compiled)
		if errors.Is(err, errScriptTime) || errors.Is(err, errScriptLength) || errors.Is(err, errScriptMemory) {
			overran[request.Script] = err
		}
		if err != nil {
			given = luaAnswer{Error: messageOf(request.Name, err), Overran: overran[request.Script] != nil}
		}
		answers = append(answers, given)
	}
	return map[string]any{"answers": answers}, nil
}

func runScript(request luaRequest, compiled map[string]*lua.FunctionProto) (luaAnswer, error) {
	proto, known := compiled[request.Script]
	if !known {
		made, err := compileScript(request)
		if err != nil {
			return luaAnswer{}, err
		}
		proto, compiled[request.Script] = made, made
	}
	budget := newScriptBudget()
	defer budget.end()
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	openLibraries(state, request.OpenLibs)
	state.SetContext(budget)
	state.SetGlobal("actionParams", luaValue(state, request.Params))
	state.SetGlobal("obj", luaValue(state, request.Object))
	state.Push(state.NewFunctionFromProto(proto))
	err := state.PCall(0, 1, nil)
	if overrun := budget.overrun(); overrun != nil {
		return luaAnswer{}, overrun
	}
	if err != nil {
		return luaAnswer{}, withoutStack(err)
	}
	returned := state.Get(-1)
	value, err := plainValue(returned)
	if err != nil {
		return luaAnswer{}, err
	}
	return luaAnswer{Type: returned.Type().String(), Value: value}, nil
}

func compileScript(request luaRequest) (*lua.FunctionProto, error) {
	if len(request.Script) > maxScriptBytes {
		return nil, fmt.Errorf("the script has more than %d bytes", maxScriptBytes)
	}
	chunk, err := parse.Parse(strings.NewReader(request.Script), request.Name)
	if err != nil {
		return nil, err
	}
	return lua.Compile(chunk, request.Name)
}

// withoutStack leaves what the script said and where.
func withoutStack(err error) error {
	var failed *lua.ApiError
	if errors.As(err, &failed) && failed.Type == lua.ApiErrorRun {
		return errors.New(failed.Object.String())
	}
	return err
}

const maxLuaMessageBytes = 500

// messageOf is one line that names the script.
func messageOf(name string, err error) string {
	message := strings.Join(strings.Fields(err.Error()), " ")
	if !strings.HasPrefix(message, name) {
		message = name + ": " + message
	}
	if len(message) > maxLuaMessageBytes {
		message = strings.ToValidUTF8(message[:maxLuaMessageBytes], "") + "…"
	}
	return message
}

// scriptBudget is the context of one run. The interpreter asks it once for every instruction.
type scriptBudget struct {
	context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	done   <-chan struct{}
	left   int
}

func newScriptBudget() *scriptBudget {
	scope, cancel := context.WithCancelCause(context.Background())
	budget := &scriptBudget{Context: scope, cancel: cancel, done: scope.Done(), left: maxInstructions}
	budget.timer = time.AfterFunc(maxScriptTime, func() { cancel(errScriptTime) })
	go watchMemory(budget.done, memoryInUse()+maxScriptMemory, func() { cancel(errScriptMemory) })
	return budget
}

// Done counts the instruction that it is asked for.
func (b *scriptBudget) Done() <-chan struct{} {
	if b.left--; b.left == 0 {
		b.cancel(errScriptLength)
	}
	return b.done
}

// overrun is which limit ended the run, if any did.
func (b *scriptBudget) overrun() error {
	return context.Cause(b.Context)
}

func (b *scriptBudget) end() {
	b.timer.Stop()
	b.cancel(nil)
}
