// view: a page that shows a package, as one file or from a server of this machine.

#include <algorithm>
#include <filesystem>

#include "command.h"
#include "http_server.h"
#include "io/atomic_file.h"
#include "package/dec_package.h"
#include "process.h"
#include "viewer_page.h"

namespace voxpack {
namespace {

constexpr size_t kMaxListed = 1000;  // packages on the server's page

struct ViewArgs {
  std::string source;
  std::string output;
  int port = -1;
  ViewerPageOptions page;
};

Status write_page(ViewArgs args, Command& command) {
  VOXPACK_ASSIGN(const std::string bundle, viewer_bundle());
  VOXPACK_TRY(check_output_file(args.output));
  VOXPACK_ASSIGN(const MappedFile file, MappedFile::open(args.source));
  if (const auto view = open_package(file.bytes()); !view.ok()) {
    return Status(view.error()).in(args.source);
  }
  if (args.page.title.empty()) args.page.title = std::filesystem::path(args.source).stem();
  const std::string page = offline_page(bundle, file.bytes(), args.page);
  VOXPACK_TRY(
      write_file(args.output, {reinterpret_cast<const uint8_t*>(page.data()), page.size()}));
  command.report.set("size_bytes", static_cast<uint64_t>(page.size()));
  command.console.info("wrote " + args.output + ", " + std::to_string(page.size()) + " bytes");
  return {};
}

// The packages of the folder and of the folders in it, by their paths.
std::vector<std::string> list_packages(const std::filesystem::path& root) {
  std::vector<std::string> packages;
  std::error_code error;
  const auto options = std::filesystem::directory_options::skip_permission_denied;
  std::filesystem::recursive_directory_iterator at(root, options, error), end;
  for (; !error && at != end && packages.size() < kMaxListed; at.increment(error)) {
    if (at.depth() > 2) at.disable_recursion_pending();
    if (at->path().extension() != ".vxp" || !at->is_regular_file(error)) continue;
    packages.push_back(at->path().lexically_relative(root).generic_string());
  }
  std::sort(packages.begin(), packages.end());
  return packages;
}

Status serve(ViewArgs args, Command& command) {
  VOXPACK_ASSIGN(const std::string bundle, viewer_bundle());
  if (args.source.empty()) args.source = ".";
  if (args.page.title.empty()) args.page.title = "voxpack";
  HttpFolder folder;
  folder.root = args.source;
  folder.make_page = [&](const std::string& path) -> std::optional<std::string> {
    if (path == "voxpack_viewer.js") return bundle;
    if (path.empty()) return folder_page(list_packages(args.source), args.page);
    return std::nullopt;
  };
  return serve_folder(folder, args.port, [&](int port) {
    command.console.info("serving " + args.source + " at http://127.0.0.1:" + std::to_string(port) +
                         "/ until Ctrl-C");
  });
}

Status view(const ViewArgs& args, Command& command) {
  if (args.port >= 0) return serve(args, command);
  if (args.source.empty() || args.output.empty()) {
    return {Errc::usage, "name a package and -o FILE.html, or --serve PORT"};
  }
  return write_page(args, command);
}

}  // namespace

void add_view(CLI::App& app, Command& command) {
  auto args = std::make_shared<ViewArgs>();
  CLI::App* cmd = app.add_subcommand("view", "Make a page that shows a package, or serve one");
  cmd->add_option("source", args->source, "Package; with --serve the folder (default: this one)")
      ->type_name("PATH");
  CLI::Option* output =
      cmd->add_option("-o,--output", args->output, "Page to write (.html); needs no other file")
          ->type_name("FILE");
  cmd->add_option("--serve", args->port,
                  "Serve the folder to this machine on this port (0: any free one)")
      ->check(CLI::Range(0, 65535))
      ->type_name("PORT")
      ->excludes(output);
  cmd->add_option("--title", args->page.title, "Of the page; default: the package's name")
      ->type_name("TEXT");
  cmd->add_flag("--auto-rotate", args->page.auto_rotate, "Turn the object");
  cmd->callback(
      [args, &command] { command.run = [args, &command] { return view(*args, command); }; });
}

}  // namespace voxpack
