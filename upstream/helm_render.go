//go:build all

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	commonutil "helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
)

func init() {
	operations["helm.render"] = helmRender
	operations["helm.values"] = helmValues
}

type helmRenderInput struct {
	Chart        chartInput        `json:"chart"`
	Values       []valuesPart      `json:"values"`
	Release      releaseInput      `json:"release"`
	Capabilities capabilitiesInput `json:"capabilities"`
	Options      renderOptions     `json:"options"`
	PostRender   *postRenderInput  `json:"postRender"`
	// ChartVersion is what templates and the record see in place of the chart's own version.
	ChartVersion string `json:"chartVersion"`
	// Reuse holds the values that the release before had: they count before the given ones.
	Reuse *reusedValues `json:"reuse"`
}

// reusedValues are the defaults of the chart that a release was made of, and what it was given.
type reusedValues struct {
	Defaults map[string]any  `json:"defaults"`
	Config   json.RawMessage `json:"config"`
}

type releaseInput struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Revision  int    `json:"revision"`
	IsUpgrade bool   `json:"isUpgrade"`
}

// capabilitiesInput is what the target cluster can do, as far as it is told.
type capabilitiesInput struct {
	KubeVersion *kubeVersionInput `json:"kubeVersion"`
	APIVersions []string          `json:"apiVersions"`
	// AddAPIVersions adds to what Helm knows by itself instead of replacing it.
	AddAPIVersions bool `json:"addApiVersions"`
}

type kubeVersionInput struct {
	Version string `json:"version"`
	Major   string `json:"major"`
	Minor   string `json:"minor"`
}

type renderOptions struct {
	IncludeCRDs          bool `json:"includeCRDs"`
	SkipCRDs             bool `json:"skipCRDs"`
	SkipSchemaValidation bool `json:"skipSchemaValidation"`
	DisableHooks         bool `json:"disableHooks"`
	SubNotes             bool `json:"subNotes"`
	CanLookup            bool `json:"canLookup"`
	WithChart            bool `json:"withChart"`
}

// rendered is what a chart became.
type rendered struct {
	Manifests []renderedObject `json:"manifests"`
	Hooks     []renderedHook   `json:"hooks"`
	CRDs      []renderedObject `json:"crds"`
	Notes     string           `json:"notes"`
	// Manifest is the text that Helm keeps in its release record.
	Manifest string         `json:"manifest"`
	Config   map[string]any `json:"config"`
	// ConfigDigest tells whether values changed since they were recorded.
	ConfigDigest string          `json:"configDigest"`
	Values       common.Values   `json:"values"`
	Metadata     *chart.Metadata `json:"metadata"`
	Impure       []string        `json:"impure"`
	Chart        *chart.Chart    `json:"chart,omitempty"`
}

// helmRender renders a chart as an install or upgrade would, without writing anything.
func helmRender(p *pipe, input json.RawMessage, packed []byte) (any, error) {
	var asked helmRenderInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	if err := chartutil.ValidateReleaseName(asked.Release.Name); err != nil {
		return nil, &refusal{Code: "invalid-release-name", Message: fmt.Sprintf("%q: %s", asked.Release.Name, err)}
	}
	loaded, err := loadChart(p, asked.Chart, packed)
	if err != nil {
		return nil, err
	}
	config, err := mergeValues(asked.Values)
	if err != nil {
		return nil, err
	}
	if asked.ChartVersion != "" {
		loaded.Metadata.Version = asked.ChartVersion
	}
	if asked.Reuse != nil {
		if config, err = reuseValues(loaded, config, *asked.Reuse); err != nil {
			return nil, err
		}
	}
	capabilities, err := capabilitiesOf(asked.Capabilities)
	if err != nil {
		return nil, err
	}
	if err := mustBeInstallable(loaded, capabilities); err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependencies(loaded, config); err != nil {
		return nil, &refusal{Code: "invalid-chart", Message: helmRedact(err.Error())}
	}
	values, err := renderValues(loaded, config, capabilities, asked)
	if err != nil {
		return nil, err
	}
	return renderChart(p, loaded, config, values, asked)
}

// reuseValues lets a chart keep the defaults of its predecessor, and gives it that one's values below its own.
func reuseValues(loaded *chart.Chart, config map[string]any, before reusedValues) (map[string]any, error) {
	// Merging takes parts over as they are and changes them later, so each merge gets a copy of its own.
	var under, over map[string]any
	if json.Unmarshal(before.Config, &under) != nil || json.Unmarshal(before.Config, &over) != nil {
		return nil, &refusal{Code: "invalid-input", Message: "the values to be reused are no map"}
	}
	loaded.Values = commonutil.CoalesceTables(over, before.Defaults)
	return commonutil.CoalesceTables(config, under), nil
}

func capabilitiesOf(given capabilitiesInput) (*common.Capabilities, error) {
	known := common.DefaultCapabilities.Copy()
	if version := given.KubeVersion; version != nil {
		parsed, err := common.ParseKubeVersion(version.Version)
		if err != nil {
			return nil, &refusal{Code: "invalid-input", Message: fmt.Sprintf("%q is no version of Kubernetes", version.Version)}
		}
		known.KubeVersion = *parsed
		if version.Major != "" {
			// As a cluster tells them: a minor may be "33+".
			known.KubeVersion = common.KubeVersion{Version: version.Version, Major: version.Major, Minor: version.Minor}
		}
	}
	if given.AddAPIVersions {
		known.APIVersions = append(slices.Clone(known.APIVersions), given.APIVersions...)
	} else if given.APIVersions != nil {
		known.APIVersions = given.APIVersions
	}
	return known, nil
}

func mustBeInstallable(loaded *chart.Chart, capabilities *common.Capabilities) error {
	if kind := loaded.Metadata.Type; kind != "" && kind != "application" {
		return &refusal{Code: "not-installable", Message: kind + " charts are not installable"}
	}
	var missing []string
	for _, wanted := range loaded.Metadata.Dependencies {
		isThere := slices.ContainsFunc(loaded.Dependencies(), func(c *chart.Chart) bool { return c.Name() == wanted.Name })
		if !isThere {
			missing = append(missing, wanted.Name)
		}
	}
	if len(missing) > 0 {
		message := "found in Chart.yaml, but missing in charts/ directory: " + strings.Join(missing, ", ")
		return &refusal{Code: "missing-dependency", Message: message}
	}
	wanted := loaded.Metadata.KubeVersion
	if wanted != "" && !chartutil.IsCompatibleRange(wanted, capabilities.KubeVersion.String()) {
		message := fmt.Sprintf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wanted, capabilities.KubeVersion.Version)
		return &refusal{Code: "incompatible-cluster", Message: message}
	}
	return nil
}

func renderValues(loaded *chart.Chart, config map[string]any, capabilities *common.Capabilities, asked helmRenderInput) (common.Values, error) {
	release := common.ReleaseOptions{
		Name:      asked.Release.Name,
		Namespace: asked.Release.Namespace,
		Revision:  asked.Release.Revision,
		IsInstall: !asked.Release.IsUpgrade,
		IsUpgrade: asked.Release.IsUpgrade,
	}
	skipSchema := asked.Options.SkipSchemaValidation
	values, err := commonutil.ToRenderValuesWithSchemaValidation(loaded, config, release, capabilities, skipSchema)
	if err != nil {
		return nil, schemaRefusal(err)
	}
	return values, nil
}

func renderChart(p *pipe, loaded *chart.Chart, config map[string]any, values common.Values, asked helmRenderInput) (*rendered, error) {
	used := usedFunctions{}
	functions := used.watched()
	if asked.Options.CanLookup {
		functions["lookup"] = lookupFunction(p, used)
	}
	files, err := engine.Engine{CustomTemplateFuncs: functions}.Render(loaded, values)
	if err != nil {
		return nil, templateRefusal(err)
	}
	notes := takeNotes(files, loaded.Name(), asked.Options.SubNotes)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		refuseAliasBomb(name, []byte(files[name]))
	}
	if files, err = postRender(files, asked.PostRender); err != nil {
		return nil, err
	}
	result, err := sortRendered(files, loaded, asked.Options)
	if err != nil {
		return nil, err
	}
	result.Notes = notes
	result.Config = config
	if result.ConfigDigest, err = valuesDigest(config); err != nil {
		return nil, err
	}
	result.Values, _ = values.Table("Values")
	result.Metadata = loaded.Metadata
	result.Impure = used.sorted()
	if asked.Options.WithChart {
		result.Chart = loaded
	}
	return result, nil
}

const notesFile = "NOTES.txt"

// takeNotes takes the notes out of the rendered files: they are no manifests.
func takeNotes(files map[string]string, chartName string, withSubcharts bool) string {
	var notes []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, notesFile) {
			continue
		}
		if withSubcharts || name == path.Join(chartName, "templates", notesFile) {
			notes = append(notes, files[name])
		}
		delete(files, name)
	}
	return strings.Join(notes, "\n")
}
