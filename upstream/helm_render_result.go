//go:build all

package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

// renderedObject is one object and the file that it comes from, chart name first.
type renderedObject struct {
	Path   string          `json:"path"`
	Object json.RawMessage `json:"object"`
}

// renderedHook is a hook as the release record keeps it, with its object.
type renderedHook struct {
	Name              string          `json:"name"`
	Kind              string          `json:"kind"`
	Path              string          `json:"path"`
	Manifest          string          `json:"manifest"`
	Events            []string        `json:"events"`
	Weight            int             `json:"weight"`
	DeletePolicies    []string        `json:"deletePolicies"`
	OutputLogPolicies []string        `json:"outputLogPolicies"`
	Object            json.RawMessage `json:"object"`
}

// sortRendered splits what was rendered into hooks and manifests, in the order in which Helm installs them.
func sortRendered(files map[string]string, loaded *chart.Chart, options renderOptions) (*rendered, error) {
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, templateRefusal(err)
	}
	result := &rendered{Manifests: []renderedObject{}, Hooks: []renderedHook{}, CRDs: []renderedObject{}}
	var text strings.Builder
	for _, crd := range loaded.CRDObjects() {
		if options.IncludeCRDs {
			fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", crd.Filename, crd.File.Data)
		}
		if options.SkipCRDs {
			continue
		}
		objects, err := crdObjects(crd)
		if err != nil {
			return nil, err
		}
		result.CRDs = append(result.CRDs, objects...)
	}
	for _, manifest := range manifests {
		fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", manifest.Name, manifest.Content)
		objects, err := manifestObjects(manifest.Name, manifest.Content)
		if err != nil {
			return nil, err
		}
		result.Manifests = append(result.Manifests, objects...)
	}
	result.Manifest = text.String()
	if options.DisableHooks {
		return result, nil
	}
	for _, hook := range hooks {
		objects, err := manifestObjects(hook.Path, hook.Manifest)
		if err != nil {
			return nil, err
		}
		if len(objects) != 1 {
			return nil, &refusal{Code: "invalid", Message: "a hook is one object, not a list", File: hook.Path}
		}
		result.Hooks = append(result.Hooks, renderedHook{
			Name: hook.Name, Kind: hook.Kind, Path: hook.Path, Manifest: hook.Manifest, Weight: hook.Weight,
			Events: texts(hook.Events), DeletePolicies: texts(hook.DeletePolicies),
			OutputLogPolicies: texts(hook.OutputLogPolicies), Object: objects[0].Object,
		})
	}
	return result, nil
}

func texts[T ~string](values []T) []string {
	found := make([]string, 0, len(values))
	for _, value := range values {
		found = append(found, string(value))
	}
	return found
}

func crdObjects(crd chart.CRD) ([]renderedObject, error) {
	refuseAliasBomb(crd.Filename, crd.File.Data)
	documents, problem := decodeDocuments(crd.Filename, crd.File.Data)
	if problem != nil {
		return nil, problem
	}
	objects := make([]renderedObject, 0, len(documents))
	for _, document := range documents {
		objects = append(objects, renderedObject{Path: crd.Filename, Object: document.Object})
	}
	return objects, nil
}

// manifestObjects parses one rendered document: none when it holds only comments, several when it is a list.
func manifestObjects(file, content string) ([]renderedObject, error) {
	text, err := yaml.YAMLToJSON([]byte(content))
	if err != nil {
		return nil, &refusal{Code: "invalid-yaml", Message: "rendered document: " + helmRedact(err.Error()), File: file}
	}
	if string(text) == "null" {
		return nil, nil
	}
	documents, problem := flattenAll(file, []document{{Object: text}})
	if problem != nil {
		return nil, problem
	}
	objects := make([]renderedObject, 0, len(documents))
	for _, one := range documents {
		if err := mustNameItsKind(file, one.Object); err != nil {
			return nil, err
		}
		objects = append(objects, renderedObject{Path: file, Object: one.Object})
	}
	return objects, nil
}

func mustNameItsKind(file string, object json.RawMessage) error {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if json.Unmarshal(object, &head) != nil || head.APIVersion == "" || head.Kind == "" {
		return &refusal{Code: "invalid", Message: "a rendered object has no apiVersion or kind", File: file}
	}
	return nil
}
