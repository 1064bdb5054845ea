package main

import (
	"encoding/json"
)

type yamlDecodeInput struct {
	// Files are the attachment's parts, one after the other.
	Files []struct {
		Path  string `json:"path"`
		Bytes int    `json:"bytes"`
	} `json:"files"`
}

type decodedFile struct {
	Path      string     `json:"path"`
	Documents []document `json:"documents"`
	Error     *refusal   `json:"error,omitempty"`
}

// yamlDecode turns files of YAML or JSON documents into objects; a broken file spoils no other.
func yamlDecode(_ *pipe, input json.RawMessage, attachment []byte) (any, error) {
	var asked yamlDecodeInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, err
	}
	decoded := make([]decodedFile, 0, len(asked.Files))
	for _, file := range asked.Files {
		if file.Bytes < 0 || file.Bytes > len(attachment) {
			return nil, &refusal{Code: "invalid-input", Message: "the attachment is shorter than its files"}
		}
		decoded = append(decoded, decodeFile(file.Path, attachment[:file.Bytes]))
		attachment = attachment[file.Bytes:]
	}
	return map[string]any{"files": decoded}, nil
}

func decodeFile(path string, content []byte) (decoded decodedFile) {
	defer func() {
		if thrown := recover(); thrown != nil {
			stopped := refusalFromPanic(thrown)
			stopped.File = path
			decoded = decodedFile{Path: path, Documents: []document{}, Error: stopped}
		}
	}()
	refuseAliasBomb(path, content)
	documents, problem := decodeDocuments(path, content)
	if problem != nil {
		return decodedFile{Path: path, Documents: []document{}, Error: problem}
	}
	return decodedFile{Path: path, Documents: documents}
}
