package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
)

// A frame is: the length of what follows (4 bytes, big endian), the length of the JSON message
// (4 bytes), the message, and, in what remains, an attachment of raw bytes.
const maxFrameBytes = 128 << 20

type pipe struct {
	in  *bufio.Reader
	out *bufio.Writer
}

// request is what the parent sends to start an operation.
type request struct {
	Op    string          `json:"op"`
	Input json.RawMessage `json:"input"`
}

// answer ends an operation: exactly one field is set.
type answer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  *refusal        `json:"error,omitempty"`
}

// question is what an operation asks the parent while it runs.
type question struct {
	Ask  string `json:"ask"`
	Path string `json:"path"`
	// Key is what a data key is wrapped with, in a question for one.
	Key any `json:"key,omitempty"`
	// Base is what another repository holds, in a question for its place in the tree.
	Base *remoteBase `json:"base,omitempty"`
}

func (p *pipe) receive(message any) ([]byte, error) {
	var header [8]byte
	if _, err := io.ReadFull(p.in, header[:]); err != nil {
		return nil, err
	}
	total := binary.BigEndian.Uint32(header[:4])
	length := binary.BigEndian.Uint32(header[4:])
	if total > maxFrameBytes || total < 4 || length > total-4 {
		return nil, errors.New("malformed frame")
	}
	body := make([]byte, total-4)
	if _, err := io.ReadFull(p.in, body); err != nil {
		return nil, err
	}
	return body[length:], json.Unmarshal(body[:length], message)
}

func (p *pipe) send(message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	var header [8]byte
	binary.BigEndian.PutUint32(header[:4], uint32(len(text)+4))
	binary.BigEndian.PutUint32(header[4:], uint32(len(text)))
	p.out.Write(header[:])
	p.out.Write(text)
	return p.out.Flush()
}

// ask puts a question to the parent and waits for its answer. Without a parent nothing is left to do.
func (p *pipe) ask(what question, reply any) []byte {
	if err := p.send(what); err != nil {
		os.Exit(exitParentGone)
	}
	attachment, err := p.receive(reply)
	if err != nil {
		os.Exit(exitParentGone)
	}
	return attachment
}
