export const english = {
  end: "End conversation",
  end_question: "End this conversation?",
  end_confirm: "End conversation",
  end_cancel: "Keep chatting",
  end_failed: "It could not be ended. Check your connection and try again.",
  rate: "How did we do?",
  rate_stars: "{n} of 5 stars",
  rate_comment: "Anything you’d like to add?",
  rate_send: "Send comment",
  rate_thanks: "Thank you for your feedback.",
  rate_failed: "Your rating could not be saved.",
  start_new: "Start a new conversation",
};
