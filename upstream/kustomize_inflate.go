//go:build all

package main

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"
)

func init() { inflateChart = inflate }

const (
	// standInRelease names a release that has no name: Helm would make up another one each time.
	standInRelease = "release-name"
	valuesName     = "values.yaml"
)

// inflate is what Helm renders of a chart as kustomize asks it to, marked as such.
func inflate(charts *helmCharts, folder string, asked types.HelmChart, home string) (string, error) {
	if asked.Name == "" {
		return "", &refusal{Code: "invalid", Message: "a chart needs a name"}
	}
	if asked.NameTemplate != "" {
		return "", &refusal{Code: "helm-refused", Message: "nameTemplate is not supported: give a releaseName"}
	}
	found, err := findChart(charts, folder, asked, home)
	if err != nil {
		return "", err
	}
	values, err := chartValues(charts.files, folder, asked, found)
	if err != nil {
		return "", err
	}
	text, err := renderFound(charts, asked, found, values)
	if err != nil {
		return "", err
	}
	return markInflated(text)
}

// foundChart is a chart in a folder of the tree, or packed.
type foundChart struct {
	folder   *string
	packed   []byte
	defaults string
}

// findChart looks where kustomize would keep the chart, and takes it from the parent when it is not there.
func findChart(charts *helmCharts, folder string, asked types.HelmChart, home string) (*foundChart, error) {
	if path.IsAbs(home) {
		return nil, &refusal{Code: "outside-tree", Message: fmt.Sprintf("chartHome %q leaves the repository", home)}
	}
	place := path.Join(folder, home)
	if asked.Version != "" && asked.Repo != "" {
		place = path.Join(place, asked.Name+"-"+asked.Version)
	}
	place = path.Join(place, asked.Name)
	if charts.files.look(place).Type == "directory" {
		content, _ := charts.files.read(path.Join(place, valuesName))
		return &foundChart{folder: &place, defaults: string(content)}, nil
	}
	if asked.Repo == "" {
		message := fmt.Sprintf("there is no chart at %s, and no repo to take it from", place)
		return nil, &refusal{Code: "missing-path", Message: message}
	}
	version := asked.Version
	if version == "" && asked.Devel {
		version = ">0.0.0-0"
	}
	from, refused := charts.bases.place(remoteBase{Kind: "chart", URL: asked.Repo, Ref: version, Chart: asked.Name})
	if refused != nil {
		return nil, refused
	}
	packed, _ := newTree(charts.files.pipe).read(from)
	loaded, err := loadChart(charts.files.pipe, chartInput{}, packed)
	if err != nil {
		return nil, err
	}
	return &foundChart{packed: packed, defaults: rawFile(loaded, valuesName)}, nil
}

func rawFile(loaded *chart.Chart, name string) string {
	for _, file := range loaded.Raw {
		if file.Name == name {
			return string(file.Data)
		}
	}
	return ""
}

// chartValues are the values files that Helm gets, the first counting least.
func chartValues(files *tree, folder string, asked types.HelmChart, found *foundChart) ([]valuesPart, error) {
	first := found.defaults
	if asked.ValuesFile != "" {
		content, err := readValues(files, folder, asked.ValuesFile)
		if err != nil {
			return nil, err
		}
		first = content
	}
	if len(asked.ValuesInline) > 0 {
		merged, err := mergeInline(first, asked)
		if err != nil {
			return nil, err
		}
		first = merged
	}
	parts := []valuesPart{{Name: "values", YAML: &first}}
	for _, file := range asked.AdditionalValuesFiles {
		content, err := readValues(files, folder, file)
		if err != nil {
			return nil, err
		}
		parts = append(parts, valuesPart{Name: file, YAML: &content})
	}
	return parts, nil
}

func readValues(files *tree, folder, file string) (string, error) {
	if path.IsAbs(file) {
		return "", &refusal{Code: "outside-tree", Message: fmt.Sprintf("%q leaves the repository", file)}
	}
	content, isFile := files.read(path.Join(folder, file))
	if !isFile {
		return "", &refusal{Code: "missing-path", Message: fmt.Sprintf("there is no values file %s", path.Join(folder, file))}
	}
	return string(content), nil
}

// mergeInline merges inline values with those of the file as kustomize does.
func mergeInline(text string, asked types.HelmChart) (string, error) {
	inline, err := yaml.FromMap(asked.ValuesInline)
	if err != nil {
		return "", err
	}
	if asked.ValuesMerge == "replace" {
		return inline.String()
	}
	refuseAliasBomb("values", []byte(text))
	file, err := yaml.Parse(text)
	if err != nil {
		return "", err
	}
	from, into := inline, file
	switch asked.ValuesMerge {
	case "merge":
		from, into = file, inline
	case "", "override":
	default:
		return "", &refusal{Code: "invalid", Message: "valuesMerge must be one of merge, override and replace"}
	}
	merged, err := merge2.Merge(from, into, yaml.MergeOptions{})
	if err != nil || merged == nil {
		return "", err
	}
	return merged.String()
}

// renderFound is the text that `helm template` would print.
func renderFound(charts *helmCharts, asked types.HelmChart, found *foundChart, values []valuesPart) (string, error) {
	wanted := helmRenderInput{
		Chart:        chartInput{Path: found.folder},
		Values:       values,
		Release:      releaseInput{Name: standInRelease, Namespace: "default", Revision: 1},
		Capabilities: capabilitiesInput{APIVersions: asked.ApiVersions, AddAPIVersions: true},
		Options:      renderOptions{IncludeCRDs: asked.IncludeCRDs, SkipCRDs: true, DisableHooks: asked.SkipHooks},
	}
	replaceIfSet(&wanted.Release.Name, asked.ReleaseName)
	replaceIfSet(&wanted.Release.Namespace, asked.Namespace)
	version := asked.KubeVersion
	replaceIfSet(&version, charts.options.KubeVersion)
	if version != "" {
		wanted.Capabilities.KubeVersion = &kubeVersionInput{Version: version}
	}
	if len(charts.options.APIVersions) > 0 {
		wanted.Capabilities.APIVersions = charts.options.APIVersions
	}
	input, err := json.Marshal(wanted)
	if err != nil {
		return "", err
	}
	answer, err := helmRender(charts.files.pipe, input, found.packed)
	if err != nil {
		return "", err
	}
	result := answer.(*rendered)
	var text strings.Builder
	text.WriteString(result.Manifest)
	for _, hook := range result.Hooks {
		if !asked.SkipTests || !slices.Contains(hook.Events, "test") {
			fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", hook.Path, hook.Manifest)
		}
	}
	return text.String(), nil
}

// markInflated marks objects as Helm's: kustomize leaves their namespaces alone.
func markInflated(text string) (string, error) {
	objects, err := (&kio.ByteReader{Reader: strings.NewReader(text), OmitReaderAnnotations: true}).Read()
	if err != nil {
		return "", err
	}
	var marked strings.Builder
	for _, object := range objects {
		if err := object.PipeE(yaml.SetAnnotation(konfig.HelmGeneratedAnnotation, "true")); err != nil {
			return "", err
		}
		one, err := object.String()
		if err != nil {
			return "", err
		}
		marked.WriteString("---\n" + one)
	}
	return marked.String(), nil
}
