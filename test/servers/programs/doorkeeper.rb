# Doorkeeper with OpenID Connect in a Rails application, with one user.

require "json"
require "openssl"
require "rails"
require "active_record/railtie"
require "action_controller/railtie"
require "doorkeeper"
require "doorkeeper/openid_connect"
require "webrick"
require "rack/handler/webrick"

SETTINGS = JSON.parse(ARGV[0])
USER = SETTINGS["user"]
ENV["DATABASE_URL"] = "sqlite3:#{Dir.pwd}/database"

# The change of the view that the documentation of Doorkeeper OpenID Connect requires. Otherwise, the server drops the nonce.
views = "doorkeeper/authorizations"
view = File.read("#{Gem.loaded_specs['doorkeeper'].full_gem_path}/app/views/#{views}/new.html.erb")
field = "<%= hidden_field_tag :scope, @pre_auth.scope %>"
FileUtils.mkdir_p("app/views/#{views}")
File.write("app/views/#{views}/new.html.erb", view.gsub(field, "#{field}<%= hidden_field_tag :nonce, @pre_auth.nonce %>"))

class Server < Rails::Application
  config.load_defaults 6.1
  config.root = Dir.pwd
  config.eager_load = false
  config.secret_key_base = OpenSSL::Random.random_bytes(32).unpack1("H*")
  config.logger = Logger.new(IO::NULL)
  config.hosts.clear
  config.consider_all_requests_local = true
  config.action_controller.default_protect_from_forgery = false
end

class User < ActiveRecord::Base; end

Doorkeeper.configure do
  orm :active_record
  resource_owner_authenticator do
    User.find_by(id: session[:user_id]) || redirect_to("/login?#{{ to: request.fullpath }.to_query}")
  end
  default_scopes :openid
  access_token_expires_in SETTINGS["lifetimeSeconds"]
  use_refresh_token
  grant_flows %w[authorization_code]
  force_ssl_in_redirect_uri false
end

Doorkeeper::OpenidConnect.configure do
  issuer SETTINGS["url"]
  signing_key OpenSSL::PKey::RSA.new(2048).to_pem
  subject_types_supported [:public]
  protocol { :http }
  resource_owner_from_access_token { |token| User.find_by(id: token.resource_owner_id) }
  auth_time_from_resource_owner { |_user| Time.now }
  reauthenticate_resource_owner { |_user, to| redirect_to("/login?#{{ to: to }.to_query}") }
  subject { |user, _application| user.id }
  expiration 3600
end

class LoginController < ActionController::Base
  def show
    render html: '<form method="post"><input type="email" name="email"><input type="password" name="password"><button>Sign in</button></form>'.html_safe
  end

  def create
    return head(:forbidden) unless params.values_at(:email, :password) == USER.values_at("email", "password")

    session[:user_id] = User.first.id
    redirect_to params[:to]
  end
end

Server.initialize!
Server.routes.draw do
  use_doorkeeper
  use_doorkeeper_openid_connect
  get "/login", to: "login#show"
  post "/login", to: "login#create"
end

ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table(:users) { |t| t.string :email }
  create_table :oauth_applications do |t|
    t.string :name, :uid, :secret, null: false
    t.text :redirect_uri, null: false
    t.string :scopes, null: false, default: ""
    t.boolean :confidential, null: false, default: true
    t.timestamps null: false
  end
  create_table :oauth_access_grants do |t|
    t.references :resource_owner, :application, null: false
    t.string :token, null: false
    t.integer :expires_in, null: false
    t.text :redirect_uri, null: false
    t.datetime :created_at, null: false
    t.datetime :revoked_at
    t.string :scopes, null: false, default: ""
    t.string :code_challenge, :code_challenge_method
  end
  # Without the column `previous_refresh_token`, a refresh token ends when it is used.
  create_table :oauth_access_tokens do |t|
    t.references :resource_owner, :application
    t.string :token, null: false
    t.string :refresh_token
    t.integer :expires_in
    t.datetime :revoked_at
    t.datetime :created_at, null: false
    t.string :scopes
  end
  create_table :oauth_openid_requests do |t|
    t.references :access_grant, null: false
    t.string :nonce, null: false
  end
end

User.create!(email: USER["email"])
Doorkeeper::Application.create!(
  name: "web",
  uid: SETTINGS["client"]["id"],
  secret: SETTINGS["client"]["secret"],
  redirect_uri: "#{SETTINGS['appUrl']}/auth/callback",
  scopes: "openid"
)

quiet = { Logger: WEBrick::Log.new(File::NULL), AccessLog: [] }
Rack::Handler::WEBrick.run(Server, Host: "127.0.0.1", Port: SETTINGS["port"], **quiet) do
  puts "ready"
  $stdout.flush
end
