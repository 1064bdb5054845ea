package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// mount is where libraries see the parent's tree; nothing exists beside it.
const mount = "/holdfast-tree"

// tree is the parent's tree of files as a file system, read over the pipe and only read.
//
// Absence is an error value. Everything else that goes wrong (a path that leaves the tree, a file over
// the size cap, a failing source) is thrown, because libraries take any error of a read for absence.
type tree struct {
	pipe *pipe
	// shadow holds files that stand before the parent's.
	shadow map[string][]byte
	known  map[string]*treeNode
	// accept sees every file before the library does, says what the library sees of it, and throws when it must not
	// be used.
	accept func(path string, content []byte) []byte
	// encrypted names the files that may be encrypted, with their format, for the decrypter.
	encrypted map[string]string
	decrypter decrypter
	// lastRead is the file that a parser stumbled over, when one did.
	lastRead string
}

type treeNode struct {
	Type    string    `json:"type"`
	Real    string    `json:"real"`
	Error   *refusal  `json:"error"`
	Entries []dirItem `json:"entries"`

	content   []byte
	plain     []byte
	isRead    bool
	isListed  bool
	isChecked bool
}

type dirItem struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func newTree(p *pipe) *tree {
	return &tree{pipe: p, shadow: map[string][]byte{}, known: map[string]*treeNode{}, encrypted: map[string]string{}, accept: asIs}
}

func asIs(_ string, content []byte) []byte { return content }

// inside turns a path that a library asks for into one relative to the tree.
func (t *tree) inside(asked string) string {
	clean := filepath.Clean(asked)
	if clean == mount {
		return ""
	}
	relative, isBelow := strings.CutPrefix(clean, mount+"/")
	if !isBelow {
		panic(&refusal{Code: "outside-tree", Message: fmt.Sprintf("%q leaves the repository", strings.TrimPrefix(clean, "/"))})
	}
	return relative
}

func (t *tree) ask(what, relative string) *treeNode {
	node := &treeNode{}
	content := t.pipe.ask(question{Ask: what, Path: relative}, node)
	if node.Error != nil {
		panic(node.Error)
	}
	node.content = content
	return node
}

func (t *tree) look(relative string) *treeNode {
	if node, isKnown := t.known[relative]; isKnown {
		return node
	}
	node := t.ask("look", relative)
	t.known[relative] = node
	return node
}

func (t *tree) list(relative string) *treeNode {
	if node, isKnown := t.known[relative]; isKnown && node.isListed {
		return node
	}
	node := t.ask("list", relative)
	node.isListed = true
	t.known[relative] = node
	return node
}

// read returns the content of a file, or nil and false when there is none.
func (t *tree) read(relative string) ([]byte, bool) {
	if content, isShadowed := t.shadow[relative]; isShadowed {
		return content, true
	}
	node, isKnown := t.known[relative]
	if !isKnown || (node.Type == "file" && !node.isRead) {
		node = t.ask("read", relative)
		node.isRead = true
		t.known[relative] = node
	}
	if node.Type != "file" {
		return nil, false
	}
	t.lastRead = relative
	if !node.isChecked {
		node.content = t.accept(relative, node.content)
		node.isChecked = true
	}
	return t.plain(relative, node), true
}

func absence(op, asked string) error {
	return &fs.PathError{Op: op, Path: strings.TrimPrefix(asked, mount+"/"), Err: fs.ErrNotExist}
}

func (t *tree) ReadFile(asked string) ([]byte, error) {
	relative := t.inside(asked)
	content, isFile := t.read(relative)
	if isFile {
		// Libraries may write into what they are given.
		return append([]byte(nil), content...), nil
	}
	if node := t.known[relative]; node != nil && node.Type == "directory" {
		return nil, fmt.Errorf("'%s' is a directory", relative)
	}
	return nil, absence("read", asked)
}

func (t *tree) IsDir(asked string) bool {
	return t.look(t.inside(asked)).Type == "directory"
}

func (t *tree) Exists(asked string) bool {
	relative := t.inside(asked)
	if _, isShadowed := t.shadow[relative]; isShadowed {
		return true
	}
	return t.look(relative).Type != "absent"
}

func (t *tree) CleanedAbs(asked string) (filesys.ConfirmedDir, string, error) {
	relative := t.inside(asked)
	node := t.look(relative)
	switch node.Type {
	case "directory":
		return filesys.ConfirmedDir(path.Join(mount, node.Real)), "", nil
	case "file":
		real := path.Join(mount, node.Real)
		return filesys.ConfirmedDir(path.Dir(real)), path.Base(real), nil
	default:
		return "", "", fmt.Errorf("'%s' doesn't exist", relative)
	}
}

// Rendering neither writes nor enumerates through this interface.
var errNotOffered = errors.New("the tree offers only reading of named files")

func (t *tree) ReadDir(string) ([]string, error)     { return nil, errNotOffered }
func (t *tree) Glob(string) ([]string, error)        { return nil, errNotOffered }
func (t *tree) Walk(string, filepath.WalkFunc) error { return errNotOffered }
func (t *tree) Create(string) (filesys.File, error)  { return nil, errNotOffered }
func (t *tree) Mkdir(string) error                   { return errNotOffered }
func (t *tree) MkdirAll(string) error                { return errNotOffered }
func (t *tree) RemoveAll(string) error               { return errNotOffered }
func (t *tree) Open(string) (filesys.File, error)    { return nil, errNotOffered }
func (t *tree) WriteFile(string, []byte) error       { return errNotOffered }
