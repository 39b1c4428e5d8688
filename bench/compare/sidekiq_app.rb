# The same jobs as Sidekiq's documentation recommends: small arguments, bulk pushes by a thousand.
require "json"
require "sidekiq"

SETTINGS = JSON.parse(ENV.fetch("COMPARE_SETTINGS"))
CONNECTION = { path: SETTINGS["redis_socket"], db: 2 }.freeze
Sidekiq.configure_client { |config| config.redis = CONNECTION }
Sidekiq.configure_server { |config| config.redis = CONNECTION }
Sidekiq.logger.level = Logger::WARN

class Noop
  include Sidekiq::Worker
  def perform(_bot); end
end

class Stamp
  include Sidekiq::Worker
  REDIS = Redis.new(path: SETTINGS["redis_socket"], db: 0)
  def perform(pushed_s)
    REDIS.rpush("compare:delays", Time.now.to_f - pushed_s)
  end
end

class Hold
  include Sidekiq::Worker
  REDIS = Redis.new(path: SETTINGS["redis_socket"], db: 0)
  def perform(name)
    REDIS.rpush("compare:held", [name, Time.now.to_f].to_json)
    sleep SETTINGS["hold_s"]
  end
end

# As a program it pushes: KIND COUNT.
if $PROGRAM_NAME == __FILE__
  kind, count = ARGV[0], ARGV[1].to_i
  Sidekiq.redis { |redis| redis.ping }
  began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  case kind
  when "noop"
    (1..count).each_slice(1000) do |ids|
      Sidekiq::Client.push_bulk("class" => Noop, "args" => ids.map { |id| ["bot-#{id}"] })
    end
  when "stamp"
    count.times { Stamp.perform_async(Time.now.to_f); sleep 0.005 }
  when "hold"
    count.times { |i| Hold.perform_async("held-#{i}") }
  end
  puts Process.clock_gettime(Process::CLOCK_MONOTONIC) - began
end
