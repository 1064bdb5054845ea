//go:build all

package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
)

func init() { operations["cel.eval"] = celEval }

type celInput struct {
	Requests []celRequest `json:"requests"`
}

// celRequest is one expression and what its variables stand for.
type celRequest struct {
	Expression string         `json:"expression"`
	Vars       map[string]any `json:"vars"`
	// Names are variables that an expression may name though nothing stands for them.
	Names []string `json:"names"`
}

// celAnswer is a verdict, or why there is none.
type celAnswer struct {
	Value bool   `json:"value"`
	Error string `json:"error,omitempty"`
}

const (
	maxExpressionBytes = 16 << 10
	maxExpressionCost  = 10_000_000
)

// celEval evaluates expressions, each apart from the others: one that fails spoils no other.
func celEval(_ *pipe, input json.RawMessage, _ []byte) (any, error) {
	var asked celInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	answers := make([]celAnswer, 0, len(asked.Requests))
	for _, request := range asked.Requests {
		value, err := evaluate(request)
		if err != nil {
			answers = append(answers, celAnswer{Error: err.Error()})
			continue
		}
		answers = append(answers, celAnswer{Value: value})
	}
	return map[string]any{"answers": answers}, nil
}

func evaluate(request celRequest) (bool, error) {
	if len(request.Expression) > maxExpressionBytes {
		return false, fmt.Errorf("the expression has more than %d bytes", maxExpressionBytes)
	}
	names := slices.Clone(request.Names)
	for name := range request.Vars {
		names = append(names, name)
	}
	slices.Sort(names)
	options := []cel.EnvOption{
		cel.HomogeneousAggregateLiterals(),
		cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		ext.Strings(),
		ext.Sets(),
		ext.Encoders(),
	}
	for _, name := range slices.Compact(names) {
		options = append(options, cel.Variable(name, cel.DynType))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return false, err
	}
	ast, issues := env.Compile(request.Expression)
	if issues.Err() != nil {
		return false, issues.Err()
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxExpressionCost))
	if err != nil {
		return false, err
	}
	result, _, err := program.Eval(request.Vars)
	if err != nil {
		return false, err
	}
	verdict, isBool := result.(types.Bool)
	if !isBool {
		return false, fmt.Errorf("the expression yields a %s instead of true or false", result.Type().TypeName())
	}
	return bool(verdict), nil
}
