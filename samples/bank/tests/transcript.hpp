/// @file
/// Commands of the program with what they print, word for word, as transcript.txt holds them.

#pragma once

#include <string>
#include <vector>

namespace bank {

/// Where the program keeps what it does.
struct TranscriptPlaces {
  std::string data;                             ///< The folder that DATA stands for.
  std::vector<std::string> options = {};        ///< Added to each command that is not of `admin`.
  std::string admins_store = {};                ///< What DATA is for `bank admin`; empty: `data`.
  std::vector<std::string> admins_tables = {};  ///< Added to `bank admin projections`.
};

/// Runs the commands of `transcript`, one after the other, and returns the transcript as it is now.
std::string run_transcript(const std::string& transcript, const TranscriptPlaces& places);

/// The text of transcript.txt, and where it is.
std::string read_transcript();
extern const std::string transcript_file;

}  // namespace bank
