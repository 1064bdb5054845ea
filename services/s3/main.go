// Command s3 is an S3-compatible server on loopback that tests talk to.
//
// It reads its settings as one line of JSON from stdin, prints its address as one line of JSON and
// ends when stdin closes. The region is us-east-1.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"

	"holdfast.dev/services/settings"
)

const (
	region         = "us-east-1"
	maxConnections = 1000
	pollInterval   = 5 * time.Millisecond
)

// Settings of one server.
type options struct {
	// An empty folder for buckets and what is known of them.
	Directory string `json:"directory"`
	// The one key that may do everything.
	AccessKey string `json:"accessKey"`
	SecretKey string `json:"secretKey"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "Cannot run the S3 server: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	var chosen options
	stopped := make(chan error, 1)
	if err := settings.Read(&chosen, func() { stopped <- nil }); err != nil {
		return err
	}
	server, err := serverOf(chosen)
	if err != nil {
		return err
	}
	// The library does not say which port it got, so it listens on a socket of its own.
	socket := filepath.Join(chosen.Directory, "s3.sock")
	go func() { stopped <- server.ServeMultiPort([]string{socket}) }()
	// The library begins to listen some time after it was called, and does not say when.
	if err := awaitSocket(socket, stopped); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { stopped <- forward(listener, socket) }()
	if err := settings.Announce(listener.Addr().String()); err != nil {
		return err
	}
	return <-stopped
}

func serverOf(chosen options) (*s3api.S3ApiServer, error) {
	if chosen.Directory == "" || chosen.AccessKey == "" || chosen.SecretKey == "" {
		return nil, errors.New("directory, accessKey and secretKey are needed")
	}
	buckets := filepath.Join(chosen.Directory, "buckets")
	// Beside the buckets, because not every file system has extended attributes.
	notes := filepath.Join(chosen.Directory, "metadata")
	for _, folder := range []string{buckets, notes} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
	}
	sidecar, err := meta.NewSideCar(notes)
	if err != nil {
		return nil, err
	}
	backend, err := posix.New(buckets, sidecar, posix.PosixOpts{SideCarDir: notes})
	if err != nil {
		return nil, err
	}
	root := middlewares.RootUserConfig{Access: chosen.AccessKey, Secret: chosen.SecretKey}
	account := auth.Account{Access: chosen.AccessKey, Secret: chosen.SecretKey, Role: auth.RoleAdmin}
	users := auth.NewIAMServiceSingle(account)
	return s3api.New(backend, root, region, users, nil, nil, nil, nil,
		s3api.WithQuiet(), s3api.WithKeepAlive(), s3api.WithConcurrencyLimiter(maxConnections, maxConnections))
}

// awaitSocket returns when somebody answers at the socket, or with what ended the server before.
func awaitSocket(socket string, stopped <-chan error) error {
	for {
		probe, err := net.Dial("unix", socket)
		if err == nil {
			return probe.Close()
		}
		select {
		case err := <-stopped:
			return err
		case <-time.After(pollInterval):
		}
	}
}

// forward copies connections to the socket until the listener fails.
func forward(listener net.Listener, socket string) error {
	for {
		client, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer client.Close()
			server, err := net.Dial("unix", socket)
			if err != nil {
				return
			}
			defer server.Close()
			go func() {
				_, _ = io.Copy(server, client)
				_ = server.Close()
			}()
			_, _ = io.Copy(client, server)
		}()
	}
}
