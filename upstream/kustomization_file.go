package main

import (
	"fmt"
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

func isKustomizationName(name string) bool {
	return slices.Contains(konfig.RecognizedKustomizationFileNames(), name)
}

// parseKustomization is lenient about unknown fields.
func parseKustomization(content []byte) (*types.Kustomization, error) {
	parsed := types.Kustomization{}
	if err := yaml.Unmarshal(content, &parsed); err != nil {
		return nil, err
	}
	parsed.FixKustomization()
	return &parsed, nil
}

// prepareKustomization puts the kustomization that is to be built before the tree's own, when they differ.
// It tells whether there is nothing to build.
func prepareKustomization(files *tree, guard *kustomizationGuard, asked kustomizeInput) (bool, error) {
	var present []string
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		file := path.Join(asked.Path, name)
		if _, isFile := files.read(file); isFile {
			present = append(present, file)
		}
	}
	if len(present) > 1 || (len(present) == 0 && !asked.GenerateIfMissing) || (len(present) == 1 && asked.Overrides == nil) {
		return false, nil
	}
	file := path.Join(asked.Path, konfig.DefaultKustomizationFileName())
	parsed := &types.Kustomization{}
	if len(present) == 1 {
		file = present[0]
		content, _ := files.read(file)
		// Who generates is lenient about unknown fields of a file that is there; kustomize is not.
		if err := unmarshalTop(content, parsed, !asked.GenerateIfMissing); err != nil {
			return false, err
		}
	} else {
		resources, err := findManifests(files, asked.Path)
		if err != nil {
			return false, err
		}
		parsed.Resources = resources
	}
	parsed.FixKustomization()
	if asked.Overrides != nil {
		if err := asked.Overrides.mergeInto(parsed, files, asked.Path); err != nil {
			return false, err
		}
	}
	if len(present) == 0 && len(parsed.Resources) == 0 && len(parsed.Components) == 0 {
		return true, nil
	}
	guard.check(file, parsed)
	guard.bases.replace(file, parsed)
	guard.charts.replace(file, parsed)
	text, err := yaml.Marshal(parsed)
	files.shadow[file] = text
	return false, err
}

func unmarshalTop(content []byte, into *types.Kustomization, isStrict bool) error {
	if isStrict {
		return into.Unmarshal(content)
	}
	return yaml.Unmarshal(content, into)
}

// maxEntries caps how many files and folders are looked at to generate a kustomization.
const maxEntries = 50_000

// findManifests lists what a generated kustomization builds: every folder that has a kustomization of its
// own, and every other YAML file, all of which must hold Kubernetes objects.
func findManifests(files *tree, root string) ([]string, error) {
	factory := provider.NewDefaultDepProvider().GetResourceFactory()
	found := []string{}
	seen := 0
	var visit func(folder, relative string) error
	visit = func(folder, relative string) error {
		for _, entry := range files.list(folder).Entries {
			if seen++; seen > maxEntries {
				message := fmt.Sprintf("more than %d files below a folder without a kustomization", maxEntries)
				return &refusal{Code: "too-large", Message: message, File: root}
			}
			below, named := path.Join(folder, entry.Name), relative+"/"+entry.Name
			switch {
			case entry.Type == "module":
			case entry.Type == "directory" && hasKustomization(files, below):
				found = append(found, named)
			case entry.Type == "directory":
				if err := visit(below, named); err != nil {
					return err
				}
			case path.Ext(entry.Name) == ".yaml" || path.Ext(entry.Name) == ".yml":
				if err := mustBeManifest(files, factory, below); err != nil {
					return err
				}
				found = append(found, named)
			}
		}
		return nil
	}
	err := visit(root, ".")
	return found, err
}

func hasKustomization(files *tree, folder string) bool {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if files.look(path.Join(folder, name)).Type == "file" {
			return true
		}
	}
	return false
}

func mustBeManifest(files *tree, factory *resource.Factory, file string) error {
	content, isFile := files.read(file)
	if !isFile {
		return &refusal{Code: "invalid-yaml", Message: "is no file", File: file}
	}
	_, err := factory.SliceFromBytes(content)
	if err == nil {
		return nil
	}
	if _, located := decodeDocuments(file, content); located != nil {
		return located
	}
	told := *asRefusal(err)
	told.Code = "invalid-yaml"
	told.Message = "does not hold Kubernetes objects: " + told.Message
	told.File = file
	return &told
}
