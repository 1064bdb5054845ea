//go:build all

package main

import (
	"encoding/json"
	"slices"

	chart "helm.sh/helm/v4/pkg/chart/v2"
)

func init() {
	operations["helm.chart"] = helmChart
	operations["helm.package"] = helmPackage
}

type helmChartInput struct {
	Chart chartInput `json:"chart"`
}

// chartDescription is what a chart says of itself.
type chartDescription struct {
	Metadata     *chart.Metadata   `json:"metadata"`
	Values       map[string]any    `json:"values"`
	HasSchema    bool              `json:"hasSchema"`
	Dependencies []chartDependency `json:"dependencies"`
	Lock         *chart.Lock       `json:"lock"`
	// Files are all files of the chart but what .helmignore leaves out.
	Files []string `json:"files"`
}

type chartDependency struct {
	Name       string `json:"name"`
	Version    string `json:"version"`
	Repository string `json:"repository"`
	Alias      string `json:"alias,omitempty"`
	Condition  string `json:"condition,omitempty"`
	// Vendored is the version that lies in charts/, if one does.
	Vendored string `json:"vendored,omitempty"`
}

// helmChart describes a chart without rendering it.
func helmChart(p *pipe, input json.RawMessage, packed []byte) (any, error) {
	var asked helmChartInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	loaded, err := loadChart(p, asked.Chart, packed)
	if err != nil {
		return nil, err
	}
	described := chartDescription{
		Metadata: loaded.Metadata, Values: loaded.Values, HasSchema: loaded.Schema != nil,
		Dependencies: []chartDependency{}, Lock: loaded.Lock, Files: []string{},
	}
	for _, wanted := range loaded.Metadata.Dependencies {
		described.Dependencies = append(described.Dependencies, chartDependency{
			Name: wanted.Name, Version: wanted.Version, Repository: wanted.Repository, Alias: wanted.Alias,
			Condition: wanted.Condition, Vendored: vendoredVersion(loaded, wanted.Name),
		})
	}
	for _, file := range loaded.Raw {
		described.Files = append(described.Files, file.Name)
	}
	slices.Sort(described.Files)
	return described, nil
}

func vendoredVersion(loaded *chart.Chart, name string) string {
	for _, below := range loaded.Dependencies() {
		if below.Name() == name {
			return below.Metadata.Version
		}
	}
	return ""
}
