/* All tests of the simulators: node --test tests/sim/ */
import './suites/azure.js';
import './suites/chat.js';
import './suites/elevenlabs.js';
import './suites/s3.js';
