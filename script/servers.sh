# servers - private Postgres and Redis for demo, tests and benchmarks. Sourced, not run.
#
#   servers_begin          makes $servers_folder and decides $servers_user; traps the end
#   servers_postgres MODE [OPTION…]   "durable" (fsync, as in production) or "fast" (for tests),
#                          with options of the server's own, by way of the command
#                          servers_postgres_by, if there is one (env …); sets
#                          $servers_database_url, of a superuser on the database "postgres"
#   servers_redis MODE     sets $servers_redis_url
#   servers_start NAME COMMAND …   any other process, as $servers_user, logging to NAME.log;
#                          its process id is $servers_pid
#   servers_end NAME…      stops those: TERM to all at once, then waits
#   servers_revive         starts again, with the same command, what has died; a file hold/NAME in
#                          $servers_folder keeps NAME down
#   servers_stop           stops everything, the newest first; also runs at exit
#   servers_keep           called before them: Postgres, Redis and their data outlive the script
#
# Servers listen on unix sockets only, so no port is taken. The folder's name is short, since a
# socket's path ends at 107 bytes. Root's servers run as "postgres" or "nobody", with their data
# where that user can reach it. Every process is a child in a session of its own, so that Ctrl-C
# reaches this script alone, which then stops them in order; should the script itself be killed, the
# kernel tells them (--pdeathsig). Start servers in the script's own shell, not in a subshell.
# shellcheck shell=bash disable=SC2034

servers_folder=
servers_user=
servers_database_url=
servers_redis_url=
servers_pid=
servers_postgres_by=()
servers_pids=()
servers_names=()
servers_commands=()
servers_kept=false

servers_begin() {
	servers_folder=$(mktemp -d "${TMPDIR:-/tmp}/bb.XXXXXX")
	if [ ${#servers_folder} -gt 60 ]; then # TMPDIR is far away
		rmdir "$servers_folder"
		servers_folder=$(mktemp -d /tmp/bb.XXXXXX)
	fi
	chmod 700 "$servers_folder"
	servers_user=$(id -un)
	if [ "$(id -u)" = 0 ]; then
		servers_user=nobody
		if id -u postgres >/dev/null 2>&1; then servers_user=postgres; fi
		chown "$servers_user:" "$servers_folder"
	fi
	trap servers_stop EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# Runs a command in the foreground as the user of the servers.
servers_run() {
	if [ "$(id -u)" = 0 ]; then
		(cd "$servers_folder" && HOME=$servers_folder setpriv --reuid="$servers_user" \
			--regid="$(id -g "$servers_user")" --clear-groups "$@")
	else
		(cd "$servers_folder" && "$@")
	fi
}

# servers_launch SIGNAL NAME COMMAND …: SIGNAL ends it if this script dies ("clear": nothing does).
servers_launch() {
	local signal=$1 name=$2 who=()
	shift 2
	if [ "$(id -u)" = 0 ]; then
		who=("--reuid=$servers_user" "--regid=$(id -g "$servers_user")" --clear-groups)
	fi
	pushd "$servers_folder" >/dev/null || return
	HOME=$servers_folder setsid setpriv --pdeathsig "$signal" "${who[@]}" "$@" \
		>>"$servers_folder/$name.log" 2>&1 </dev/null &
	servers_pid=$!
	popd >/dev/null || return
}

servers_start_on() {
	servers_launch "$@"
	servers_pids+=("$servers_pid")
	servers_names+=("$2")
	servers_commands+=("${*@Q}")
}

servers_revive() {
	local i
	for i in "${!servers_pids[@]}"; do
		if kill -0 "${servers_pids[i]}" 2>/dev/null; then continue; fi
		if [ -e "$servers_folder/hold/${servers_names[i]}" ]; then continue; fi
		echo "${servers_names[i]} died and is started again" >&2
		eval "servers_launch ${servers_commands[i]}"
		servers_pids[i]=$servers_pid
	done
}

servers_death_signal() {
	if $servers_kept; then echo clear; else echo "$1"; fi
}

servers_start() {
	servers_start_on TERM "$@"
}

# servers_wait_for SECONDS NAME COMMAND …: until COMMAND succeeds; fails early if the newest died.
servers_wait_for() {
	local deadline=$((SECONDS + $1)) name=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		if ! kill -0 "$servers_pid" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
			echo "$name does not start:" >&2
			tail -n 5 "$servers_folder/$name.log" >&2
			return 1
		fi
		sleep 0.05
	done
}

servers_postgres() {
	local bin options=()
	bin=$(servers_find_postgres) || return
	[ "$1" = durable ] || options=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off
		-c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off -c max_wal_size=8GB
		-c checkpoint_timeout=1h)

	servers_run "$bin/initdb" -D "$servers_folder/pg" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
		--no-sync >"$servers_folder/initdb.log" 2>&1 || {
		cat "$servers_folder/initdb.log" >&2
		return 1
	}
	# INT is Postgres's fast stop; TERM would wait for its clients.
	servers_start_on "$(servers_death_signal INT)" postgres "${servers_postgres_by[@]}" "$bin/postgres" -D "$servers_folder/pg" -k "$servers_folder" \
		-c listen_addresses= -c max_connections=300 -c shared_buffers=128MB \
		-c timezone=UTC -c log_timezone=UTC "${options[@]}" "${@:2}"
	servers_wait_for 60 postgres pg_isready -q -h "$servers_folder" -U postgres || return
	servers_database_url="postgres:///postgres?host=$servers_folder&user=postgres"
}

servers_find_postgres() {
	local found
	for found in /usr/lib/postgresql/15/bin /usr/lib/postgresql/*/bin; do
		if [ -x "$found/initdb" ]; then
			echo "$found"
			return
		fi
	done
	found=$(command -v initdb) || {
		echo "cannot find initdb: install postgresql-15" >&2
		return 1
	}
	dirname "$found"
}

servers_redis() {
	local append=no
	[ "$1" = durable ] && append=yes
	mkdir -p "$servers_folder/rd"
	[ "$(id -u)" != 0 ] || chown "$servers_user:" "$servers_folder/rd"
	servers_start_on "$(servers_death_signal TERM)" redis redis-server --port 0 --unixsocket "$servers_folder/r.sock" \
		--unixsocketperm 700 --dir "$servers_folder/rd" --save '' --appendonly $append \
		--maxmemory-policy noeviction
	servers_wait_for 20 redis redis-cli -s "$servers_folder/r.sock" ping || return
	servers_redis_url="unix://$servers_folder/r.sock"
}

# servers_await PID SECONDS: until it has ended, then firm.
servers_await() {
	local pid=$1 deadline=$((SECONDS + $2))
	while kill -0 "$pid" 2>/dev/null; do
		if [ "$SECONDS" -ge "$deadline" ]; then
			# Its group, so that no child of it stays behind.
			kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
			break
		fi
		sleep 0.05
	done
	wait "$pid" 2>/dev/null || true
}

servers_end() {
	local name i
	for name in "$@"; do
		for i in "${!servers_pids[@]}"; do
			[ "${servers_names[i]}" = "$name" ] || continue
			kill -TERM "${servers_pids[i]}" 2>/dev/null || true
		done
	done
	for name in "$@"; do
		for i in "${!servers_pids[@]}"; do
			[ "${servers_names[i]}" = "$name" ] || continue
			servers_await "${servers_pids[i]}" 20
			unset "servers_pids[i]" "servers_names[i]" "servers_commands[i]"
		done
	done
}

servers_stop() {
	local i signal newest_first
	trap '' INT TERM HUP # a second Ctrl-C must not leave half of it running
	mapfile -t newest_first < <(printf '%s\n' "${!servers_pids[@]}" | sort -rn)
	for i in "${newest_first[@]}"; do
		[ -n "$i" ] || continue
		signal=TERM
		case "${servers_names[i]}" in
		postgres) signal=INT ;&
		redis) if $servers_kept; then continue; fi ;;
		esac
		kill -s $signal "${servers_pids[i]}" 2>/dev/null || true
		servers_await "${servers_pids[i]}" 15
	done
	servers_pids=()
	servers_names=()
	if ! $servers_kept && [ -n "$servers_folder" ]; then rm -rf "$servers_folder"; fi
}

servers_keep() {
	servers_kept=true
}
