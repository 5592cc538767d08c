package receiver;

/** Why a callback is refused, and the status that says so. */
final class Refusal extends Exception {
  final int status;

  Refusal(int status, String message) {
    super(message);
    this.status = status;
  }
}
