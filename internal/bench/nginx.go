package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// laterFile is the file that nginx serves a later page from, compressed beside it.
const laterFile = "later"

// nginxConfig is nginx as people configure it for files. It is given the folder, the number of
// the port and its worker's user.
const nginxConfig = `daemon off;
pid %[1]s/nginx.pid;
error_log stderr crit;
worker_processes auto;
events {}
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000000;
	default_type application/json;
	gzip_static on;
	client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3; uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5;
	server {
		listen 127.0.0.1:%[2]d;
		root %[1]s;
	}
}
`

// startNginx starts an nginx with what the program answers to the first later page, or none if
// it is not installed.
func (b *bench) startNginx(ctx context.Context, kinds []kind, c *client) (*server, error) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx")
	}
	if err != nil {
		b.say("nginx is not installed: its rows are left out")
		return nil, nil
	}
	folder, err := os.MkdirTemp("", "callvault-nginx-")
	if err != nil {
		return nil, err
	}
	for _, k := range kinds {
		file := map[string]string{laterPages: laterFile, laterGzip: laterFile + ".gz"}[k.name]
		if file == "" {
			continue
		}
		if err := c.ask(&k.requests[0]); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(folder, file), c.body, 0o644); err != nil {
			return nil, err
		}
	}
	free, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := free.Addr().(*net.TCPAddr)
	config := filepath.Join(folder, "nginx.conf")
	err = errors.Join(free.Close(), os.Chmod(folder, 0o755), os.WriteFile(config, fmt.Appendf(nil, nginxConfig, folder, address.Port), 0o600))
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, "-c", config)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := func() { stopServer(cmd); os.RemoveAll(folder) }
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		answers, err := dial(ctx, address.String())
		if err == nil {
			answers.conn.Close()
			return &server{address.String(), cmd.Process.Pid, stop}, nil
		}
		if time.Since(begun) > answerWithin {
			stop()
			return nil, err
		}
	}
}
