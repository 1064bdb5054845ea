package main

import (
	"fmt"
	"path"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// buildOptions are what an installation lets kustomizations do, and what the templates of their charts are told.
type buildOptions struct {
	EnableHelm bool `json:"enableHelm"`
	// RootOnly keeps files that a kustomization loads below its own folder.
	RootOnly       bool     `json:"rootOnly"`
	ManagedByLabel bool     `json:"managedByLabel"`
	Reorder        string   `json:"reorder"`
	KubeVersion    string   `json:"kubeVersion"`
	APIVersions    []string `json:"apiVersions"`
}

func (o buildOptions) forLibrary() *krusty.Options {
	options := &krusty.Options{
		Reorder:           krusty.ReorderOptionNone,
		AddManagedbyLabel: o.ManagedByLabel,
		LoadRestrictions:  types.LoadRestrictionsNone,
		PluginConfig:      types.DisabledPluginConfig(),
	}
	if o.RootOnly {
		options.LoadRestrictions = types.LoadRestrictionsRootOnly
	}
	if o.Reorder == string(krusty.ReorderOptionLegacy) {
		options.Reorder = krusty.ReorderOptionLegacy
	}
	return options
}

// inflateChart renders a chart of a kustomization; set in the program that has Helm's library.
var inflateChart func(charts *helmCharts, folder string, chart types.HelmChart, home string) (string, error)

// helmCharts puts what charts render in the place of the charts that kustomizations name. kustomize itself would start
// a program named helm.
type helmCharts struct {
	files   *tree
	bases   *remoteBases
	options buildOptions
}

// replace makes the charts of a kustomization resources.
func (h *helmCharts) replace(file string, parsed *types.Kustomization) {
	if len(parsed.HelmCharts) == 0 {
		return
	}
	if !h.options.EnableHelm {
		message := "helmCharts in a kustomization are not rendered without --enable-helm: deploy the chart as a Helm source"
		panic(&refusal{Code: "helm-refused", Message: message, File: file})
	}
	if inflateChart == nil {
		panic(&refusal{Code: "invalid-input", Message: "this program cannot render charts"})
	}
	home := types.HelmDefaultHome
	if parsed.HelmGlobals != nil && parsed.HelmGlobals.ChartHome != "" {
		home = parsed.HelmGlobals.ChartHome
	}
	folder := path.Dir(file)
	var missing *refusal
	for index, chart := range parsed.HelmCharts {
		text, err := inflateChart(h, folder, chart, home)
		if err != nil {
			missing = refuseChart(file, chart.Name, err)
			if missing.Code != "base-missing" {
				panic(missing)
			}
			continue
		}
		name := fmt.Sprintf(".holdfast-chart-%d.yaml", index)
		h.files.shadow[path.Join(folder, name)] = []byte(text)
		parsed.Resources = append(parsed.Resources, name)
	}
	// The parent learns of all that it does not have at once.
	if missing != nil {
		panic(missing)
	}
	parsed.HelmCharts, parsed.HelmGlobals = nil, nil
}

// replaceIn does so in the text of a file, so that whatever else is in it keeps its problems.
func (h *helmCharts) replaceIn(file string, content []byte, parsed *types.Kustomization) []byte {
	if len(parsed.HelmCharts) == 0 {
		return content
	}
	before := len(parsed.Resources)
	h.replace(file, parsed)
	document, err := yaml.Parse(string(content))
	if err != nil {
		return content
	}
	for _, field := range []string{"helmCharts", "helmGlobals", "helmChartInflationGenerator"} {
		if _, err := document.Pipe(yaml.Clear(field)); err != nil {
			return content
		}
	}
	added := parsed.Resources[before:]
	if err := document.PipeE(yaml.LookupCreate(yaml.SequenceNode, "resources"), yaml.Append(yaml.NewListRNode(added...).Content()...)); err != nil {
		return content
	}
	text, err := document.String()
	if err != nil {
		return content
	}
	return []byte(text)
}

func refuseChart(file, chart string, err error) *refusal {
	told := *asRefusal(err)
	if told.File != "" {
		told.Message = told.File + ": " + told.Message
	}
	told.Message = fmt.Sprintf("helmCharts: %s: %s", chart, told.Message)
	told.File, told.Line = file, 0
	return &told
}
