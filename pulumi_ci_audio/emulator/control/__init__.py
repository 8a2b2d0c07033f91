"""What tests do to the emulator behind the service's back."""
