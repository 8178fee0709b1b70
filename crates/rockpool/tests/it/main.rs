//! The program from outside: its command line, its listeners, its end and its next start.

mod cli;
mod files;
mod harness;
mod http;
mod lifecycle;
mod listeners;
mod start;
