#include "core/queue/scripts.h"

/* A line of Lua is a line here. */
/* clang-format off */

/* Each script gets only the functions that it calls: they are made anew at every call of it. */
#define LUA_CALLS "local call, pcall, sub = redis.call, redis.pcall, string.sub\n"

#define LUA_NOW                                                                   \
	"local function now_ms()\n"                                               \
	"  local t = call('TIME')\n"                                              \
	"  return t[1] * 1000 + math.floor(t[2] / 1000)\n"                        \
	"end\n"

/* A mark is "EXPIRY SLOT", 13 and 10 digits. */
#define LUA_MARK                                                                  \
	"local function mark(marks, payload, now, ttl)\n"                         \
	"  local expiry = string.format('%013d ', now + ttl)\n"                   \
	"  call('HSET', marks, sub(payload, 1, 36), expiry .. sub(payload, 38, 47))\n" \
	"end\n"

/* A mark of another slot belongs to a later job. */
#define LUA_UNMARK                                                                \
	"local function unmark(marks, bot, slot)\n"                               \
	"  local m = call('HGET', marks, bot)\n"                                  \
	"  if m and sub(m, 15) == slot then call('HDEL', marks, bot) end\n"       \
	"end\n"

/* True once for each delivered message; false, too, if stream or group are gone. */
#define LUA_FINISH                                                                \
	"local function finish(stream, id)\n"                                     \
	"  if call('XACK', stream, 'runners', id) == 0 then return false end\n"   \
	"  call('XDEL', stream, id)\n"                                            \
	"  return true\n"                                                         \
	"end\n"

#define LUA_HELD                                                                  \
	"local function held(stream, id)\n"                                       \
	"  local p = pcall('XPENDING', stream, 'runners', id, id, 1)\n"           \
	"  return not p.err and #p == 1\n"                                        \
	"end\n"

#define LUA_GIVE_BACK                                                             \
	"local function give_back(marks, back, stream, id, now, ttl)\n"           \
	"  local found = call('XRANGE', stream, id, id)\n"                        \
	"  if found[1] then\n"                                                    \
	"    local payload = found[1][2][2]\n"                                    \
	"    call('XADD', back, '*', 'job', payload)\n"                           \
	"    mark(marks, payload, now, ttl)\n"                                    \
	"  end\n"                                                                 \
	"  return finish(stream, id) and found[1]\n"                              \
	"end\n"

/*
 * Idle runners wait for a token in a list; a token says "a job came in". While somebody waits the
 * list is empty, so a long list needs no more tokens.
 */
#define LUA_WAKE                                                                  \
	"local function wake(key, n)\n"                                           \
	"  if n == 0 or call('LLEN', key) >= 1000 then return end\n"              \
	"  local tokens = {}\n"                                                   \
	"  for i = 1, math.min(n, 1000) do tokens[i] = '1' end\n"                 \
	"  call('RPUSH', key, unpack(tokens))\n"                                  \
	"end\n"

#define LUA_STREAMS_BY_LETTER(high, normal, low)                                  \
	"local streams = {h = KEYS[" high "], n = KEYS[" normal "], l = KEYS[" low "]}\n"

/*
 * KEYS generation back high normal low; ARGV a new generation.
 * Returns {1 if the generation had to be made, the generation}.
 */
struct redis_script scripts_prepare = {.source =
	"for i = 2, #KEYS do\n"
	"  local groups = redis.pcall('XINFO', 'GROUPS', KEYS[i])\n"
	"  if groups.err or #groups == 0 then\n"
	"    redis.call('XGROUP', 'CREATE', KEYS[i], 'runners', '0', 'MKSTREAM')\n"
	"  end\n"
	"end\n"
	"local made = redis.call('SET', KEYS[1], ARGV[1], 'NX')\n"
	"return {made and 1 or 0, redis.call('GET', KEYS[1])}\n"
};

/*
 * KEYS fence marks wake high normal low; ARGV fence ttl_ms payload...
 * Returns the places (from 1) of the payloads that were left out; error FENCED.
 *
 * Marks are read and written in one call each: with the append-only file on, this takes two
 * thirds of the time of HSETNX per job, and half of the time of a key per mark.
 */
struct redis_script scripts_push = {.source =
	LUA_CALLS
	LUA_NOW
	LUA_WAKE
	LUA_STREAMS_BY_LETTER("4", "5", "6")
	"local newest = tonumber(call('GET', KEYS[1]) or 0)\n"
	"local fence = tonumber(ARGV[1])\n"
	"if fence < newest then\n"
	"  return redis.error_reply('FENCED the newest epoch is ' .. string.format('%d', newest))\n"
	"end\n"
	"if fence > newest then call('SET', KEYS[1], ARGV[1]) end\n"
	"local now, ttl, marks = now_ms(), tonumber(ARGV[2]), KEYS[2]\n"
	"local expiry, latest = string.format('%013d', now + ttl), now + 2 * ttl + 60000\n"
	"local n = #ARGV - 2\n"
	"if n == 0 then return {} end\n"
	"local bots = {}\n"
	"for i = 1, n do bots[i] = sub(ARGV[i + 2], 1, 36) end\n"
	"local have = call('HMGET', marks, unpack(bots, 1, n))\n"
	"local seen, set, k, refused = {}, {}, 0, {}\n"
	"for i = 1, n do\n"
	"  local bot, m, payload = bots[i], have[i], ARGV[i + 2]\n"
	"  local expires = m and tonumber(sub(m, 1, 13)) or 0\n"
	"  if seen[bot] or (expires > now and expires <= latest) then\n"
	"    refused[#refused + 1] = i\n"
	"  else\n"
	"    seen[bot] = true\n"
	"    call('XADD', streams[sub(payload, 49, 49)], '*', 'job', payload)\n"
	"    set[k + 1], set[k + 2] = bot, expiry .. sub(payload, 37, 47)\n"
	"    k = k + 2\n"
	"  end\n"
	"end\n"
	"if k > 0 then call('HSET', marks, unpack(set, 1, k)) end\n"
	"wake(KEYS[3], k / 2)\n"
	"return refused\n"
};

/*
 * KEYS marks wake, then the streams in the order of trial; ARGV consumer, and of the job that is
 * done its message, the place of its stream in KEYS, its bot, its slot (message "": none).
 * Returns "PLACE MESSAGE PAYLOAD" (PLACE: of the stream in KEYS) or nil.
 *
 * The one script that every job pays for: no functions, one text as the reply, and a length asked
 * for before a read, since most reads but one would find their stream empty. Where nothing waits
 * every token is stale.
 */
struct redis_script scripts_next = {.source =
	"local call, marks, id = redis.call, KEYS[1], ARGV[2]\n"
	"if id ~= '' then\n"
	"  local stream, bot = KEYS[tonumber(ARGV[3])], ARGV[4]\n"
	"  if call('XACK', stream, 'runners', id) == 1 then\n"
	"    call('XDEL', stream, id)\n"
	"    local m = call('HGET', marks, bot)\n"
	"    if m and string.sub(m, 15) == ARGV[5] then call('HDEL', marks, bot) end\n"
	"  end\n"
	"end\n"
	"for i = 3, #KEYS do\n"
	"  local stream = KEYS[i]\n"
	"  if call('XLEN', stream) > 0 then\n"
	"    local r = redis.pcall('XREADGROUP', 'GROUP', 'runners', ARGV[1], 'COUNT', '1', 'STREAMS', stream, '>')\n"
	"    if r and r.err and string.sub(r.err, 1, 7) == 'NOGROUP' then\n"
	"      call('XGROUP', 'CREATE', stream, 'runners', '0')\n"
	"      r = call('XREADGROUP', 'GROUP', 'runners', ARGV[1], 'COUNT', '1', 'STREAMS', stream, '>')\n"
	"    end\n"
	"    if r and r.err then return r end\n"
	"    if r then\n"
	"      local message = r[1][2][1]\n"
	"      return i .. ' ' .. message[1] .. ' ' .. message[2][2]\n"
	"    end\n"
	"  end\n"
	"end\n"
	"call('DEL', KEYS[2])\n"
	"return false\n"
};

/* KEYS marks stream; ARGV message bot slot. Returns 1, or 0 if the message was not pending. */
struct redis_script scripts_ack = {.source =
	LUA_CALLS
	LUA_UNMARK
	LUA_FINISH
	"if not finish(KEYS[2], ARGV[1]) then return 0 end\n"
	"unmark(KEYS[1], ARGV[2], ARGV[3])\n"
	"return 1\n"
};

/* KEYS marks stream retry; ARGV message payload delay_ms ttl_ms. Returns 1, or 0 as above. */
struct redis_script scripts_retry = {.source =
	LUA_CALLS
	LUA_NOW
	LUA_MARK
	LUA_FINISH
	LUA_HELD
	"if not held(KEYS[2], ARGV[1]) then return 0 end\n"
	"local now = now_ms()\n"
	"call('ZADD', KEYS[3], string.format('%d', now + ARGV[3]), ARGV[2])\n"
	"mark(KEYS[1], ARGV[2], now, ARGV[4])\n"
	"finish(KEYS[2], ARGV[1])\n"
	"return 1\n"
};

/* KEYS marks retry wake high normal low; ARGV limit ttl_ms. Returns how many moved. */
struct redis_script scripts_promote = {.source =
	LUA_CALLS
	LUA_NOW
	LUA_MARK
	LUA_WAKE
	LUA_STREAMS_BY_LETTER("4", "5", "6")
	"local now = now_ms()\n"
	"local due = call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('%d', now), 'LIMIT', 0, ARGV[1])\n"
	"for i = 1, #due do\n"
	"  call('XADD', streams[sub(due[i], 49, 49)] or streams.l, '*', 'job', due[i])\n"
	"  mark(KEYS[1], due[i], now, ARGV[2])\n"
	"  call('ZREM', KEYS[2], due[i])\n"
	"end\n"
	"wake(KEYS[3], #due)\n"
	"return #due\n"
};

/*
 * KEYS marks wake back high normal low; ARGV consumer, ttl_ms, 1 to delete the consumer. Returns how
 * many went back.
 */
struct redis_script scripts_hand_back = {.source =
	LUA_CALLS
	LUA_NOW
	LUA_MARK
	LUA_FINISH
	LUA_WAKE
	LUA_GIVE_BACK
	"local now, count = now_ms(), 0\n"
	"for i = 3, #KEYS do\n"
	"  repeat\n"
	"    local p = pcall('XPENDING', KEYS[i], 'runners', '-', '+', 100, ARGV[1])\n"
	"    if p.err then break end\n"
	"    for j = 1, #p do\n"
	"      if give_back(KEYS[1], KEYS[3], KEYS[i], p[j][1], now, ARGV[2]) then count = count + 1 end\n"
	"    end\n"
	"  until #p < 100\n"
	"  if ARGV[3] == '1' then pcall('XGROUP', 'DELCONSUMER', KEYS[i], 'runners', ARGV[1]) end\n"
	"end\n"
	"wake(KEYS[2], count)\n"
	"return count\n"
};

/*
 * KEYS marks wake back high normal low swept; ARGV idle_ms limit ttl_ms. Returns how many went back.
 * Every ten minutes it also deletes consumers that hold nothing and were not heard of for an hour:
 * runners of hosts that died.
 */
struct redis_script scripts_reclaim = {.source =
	LUA_CALLS
	LUA_NOW
	LUA_MARK
	LUA_FINISH
	LUA_WAKE
	LUA_GIVE_BACK
	"local now, count, limit = now_ms(), 0, tonumber(ARGV[2])\n"
	"for i = 3, 6 do\n"
	"  local p = {}\n"
	"  if count < limit then\n"
	"    p = pcall('XPENDING', KEYS[i], 'runners', 'IDLE', ARGV[1], '-', '+', limit - count)\n"
	"  end\n"
	"  for j = 1, p.err and 0 or #p do\n"
	"    if give_back(KEYS[1], KEYS[3], KEYS[i], p[j][1], now, ARGV[3]) then count = count + 1 end\n"
	"  end\n"
	"end\n"
	"wake(KEYS[2], count)\n"
	"if not call('SET', KEYS[7], '1', 'NX', 'EX', '600') then return count end\n"
	"for i = 3, 6 do\n"
	"  local consumers = pcall('XINFO', 'CONSUMERS', KEYS[i])\n"
	"  for j = 1, consumers.err and 0 or #consumers do\n"
	"    local c = {}\n"
	"    for k = 1, #consumers[j], 2 do c[consumers[j][k]] = consumers[j][k + 1] end\n"
	"    if c.pending == 0 and c.idle > 3600000 then\n"
	"      call('XGROUP', 'DELCONSUMER', KEYS[i], 'runners', c.name)\n"
	"    end\n"
	"  end\n"
	"end\n"
	"return count\n"
};

/* KEYS marks stream dead; ARGV message payload reason. Returns 1, or 0 if it was not pending. */
struct redis_script scripts_dead = {.source =
	LUA_CALLS
	LUA_UNMARK
	LUA_FINISH
	LUA_HELD
	"if not held(KEYS[2], ARGV[1]) then return 0 end\n"
	"call('XADD', KEYS[3], 'MAXLEN', '~', '10000', '*', 'job', ARGV[2], 'reason', ARGV[3])\n"
	"finish(KEYS[2], ARGV[1])\n"
	"unmark(KEYS[1], sub(ARGV[2], 1, 36), sub(ARGV[2], 38, 47))\n"
	"return 1\n"
};

/*
 * KEYS back high normal low retry dead. Returns {waiting in back, high, normal, low, pending,
 * retries, dead, age of the oldest waiting job in ms}.
 */
struct redis_script scripts_depth = {.source =
	LUA_CALLS
	LUA_NOW
	"local now, out, pending, oldest = now_ms(), {}, 0, nil\n"
	"for i = 1, 4 do\n"
	"  local groups, group = pcall('XINFO', 'GROUPS', KEYS[i]), {}\n"
	"  local first = not groups.err and groups[1] or {}\n"
	"  for k = 1, #first, 2 do group[first[k]] = first[k + 1] end\n"
	"  local held = group.pending or 0\n"
	"  out[i] = math.max(call('XLEN', KEYS[i]) - held, 0)\n"
	"  pending = pending + held\n"
	"  local next = call('XRANGE', KEYS[i], '(' .. (group['last-delivered-id'] or '0-0'), '+', 'COUNT', 1)\n"
	"  if next[1] then\n"
	"    local born = tonumber(string.match(next[1][1], '^%d+'))\n"
	"    if not oldest or born < oldest then oldest = born end\n"
	"  end\n"
	"end\n"
	"out[5], out[6], out[7] = pending, call('ZCARD', KEYS[5]), call('XLEN', KEYS[6])\n"
	"out[8] = oldest and math.max(now - oldest, 0) or 0\n"
	"return out\n"
};

/* clang-format on */
