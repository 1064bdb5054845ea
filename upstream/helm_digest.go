//go:build all

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	goyaml "go.yaml.in/yaml/v2"
	"sigs.k8s.io/yaml"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	release "helm.sh/helm/v4/pkg/release/v1"
)

// observation is what the digest of a release covers, in the order and form in which others compute it too.
type observation struct {
	Name          string         `json:"name"`
	Version       int            `json:"version"`
	Info          release.Info   `json:"info"`
	ChartMetadata chart.Metadata `json:"chartMetadata"`
	Config        map[string]any `json:"config"`
	Manifest      string         `json:"manifest"`
	Hooks         []release.Hook `json:"hooks"`
	Namespace     string         `json:"namespace"`
	OCIDigest     string         `json:"ociDigest,omitempty"`
}

// releaseDigest is the digest of a release as it is stored; runs of its tests do not change it.
func releaseDigest(from *release.Release, ociDigest string) (string, error) {
	seen := observation{
		Name: from.Name, Version: from.Version, Manifest: from.Manifest, Namespace: from.Namespace, OCIDigest: ociDigest,
	}
	if from.Info != nil {
		seen.Info = *from.Info
	}
	if from.Chart != nil && from.Chart.Metadata != nil {
		seen.ChartMetadata = *from.Chart.Metadata
	}
	if len(from.Config) > 0 {
		seen.Config = from.Config
	}
	for _, hook := range from.Hooks {
		if !slices.Contains(hook.Events, release.HookTest) {
			seen.Hooks = append(seen.Hooks, *hook)
		}
	}
	text, err := json.Marshal(seen)
	if err != nil {
		return "", err
	}
	return sha256Of(append(text, '\n')), nil
}

// valuesDigest is the digest of values by their YAML with sorted keys; no values have that of nothing.
func valuesDigest(values map[string]any) (string, error) {
	if len(values) == 0 {
		return sha256Of(nil), nil
	}
	ordered := yaml.JSONObjectToYAMLObject(values)
	sortKeys(ordered)
	text, err := goyaml.Marshal(ordered)
	if err != nil {
		return "", err
	}
	return sha256Of(text), nil
}

func sha256Of(text []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(text)) }

func sortKeys(value any) {
	switch value := value.(type) {
	case goyaml.MapSlice:
		slices.SortFunc(value, func(a, b goyaml.MapItem) int { return strings.Compare(a.Key.(string), b.Key.(string)) })
		for _, item := range value {
			sortKeys(item.Value)
		}
	case []any:
		for _, item := range value {
			sortKeys(item)
		}
	}
}
